// Holds config/bulkhead.schema.json, config/bulkhead.json and config/pipelines/ against the code.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/event_kind.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "supervisor/config.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kConfigDir{BULKHEAD_CONFIG_DIR};

json read_json(const fs::path& file) {
  const auto text = read_text_file(file, limits::kJsonBytes);
  if (!text) throw std::runtime_error{text.error().message};
  auto parsed = parse_json(*text, JsonComments::Allowed);
  if (!parsed) throw std::runtime_error{parsed.error().message};
  return std::move(*parsed);
}

/// Leaves of a schema by dotted path.
void collect_leaves(const json& schema, const std::string& prefix,
                    std::map<std::string, json>& leaves) {
  EXPECT_EQ(schema.value("additionalProperties", true), false) << prefix;
  for (const auto& [key, property] : schema.at("properties").items()) {
    EXPECT_TRUE(property.contains("description")) << prefix + key;
    if (property.contains("properties")) {
      collect_leaves(property, prefix + key + ".", leaves);
    } else {
      leaves[prefix + key] = property;
    }
  }
}

std::map<std::string, json> schema_leaves() {
  std::map<std::string, json> leaves;
  collect_leaves(read_json(kConfigDir / "bulkhead.schema.json"), "", leaves);
  leaves.erase("$schema");  // an editor's key, no setting
  return leaves;
}

void collect_values(const json& object, const std::string& prefix,
                    std::map<std::string, json>& values) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      collect_values(value, prefix + key + ".", values);
    } else {
      values[prefix + key] = value;
    }
  }
}

std::map<std::string, json> code_values(const std::vector<std::string>& overrides = {}) {
  std::map<std::string, json> values;
  const auto config = Config::load({}, overrides);
  if (!config) throw std::runtime_error{config.error().message};
  collect_values(config->to_json(), "", values);
  return values;
}

template <class Value>
std::set<std::string> keys_of(const std::map<std::string, Value>& map) {
  std::set<std::string> keys;
  for (const auto& [key, value] : map) keys.insert(key);
  return keys;
}

bool accepts(const std::string& key, const json& value) {
  return Config::load({}, {key + "=" + value.dump()}).has_value();
}

/// So many valid items of a list: its examples, one after the other.
json items_of(const json& leaf, std::size_t count) {
  const json examples = leaf.at("items").value("examples", json::array({"https://a"}));
  json items = json::array();
  while (items.size() < count) items.push_back(examples.at(items.size() % examples.size()));
  return items;
}

TEST(ConfigSchemaTest, TheSchemaKnowsExactlyTheKeysOfTheCode) {
  EXPECT_EQ(keys_of(schema_leaves()), keys_of(code_values()));
}

TEST(ConfigSchemaTest, EachDefaultOfTheSchemaIsThatOfTheCode) {
  const auto values = code_values();
  for (const auto& [key, leaf] : schema_leaves()) {
    if (!leaf.contains("default")) continue;
    EXPECT_EQ(leaf.at("default"), values.at(key)) << key;
  }
}

TEST(ConfigSchemaTest, EachRangeOfTheSchemaIsThatOfTheCodeAtItsEndsAndPastThem) {
  for (const auto& [key, leaf] : schema_leaves()) {
    if (!leaf.contains("minimum")) continue;
    const json step = leaf.at("type") == "integer" ? json(1) : json(0.001);
    const json min = leaf.at("minimum");
    const json max = leaf.at("maximum");
    EXPECT_TRUE(accepts(key, min)) << key;
    EXPECT_TRUE(accepts(key, max)) << key;
    if (step.is_number_integer()) {
      EXPECT_FALSE(accepts(key, min.get<std::int64_t>() - 1)) << key;
      EXPECT_FALSE(accepts(key, max.get<std::int64_t>() + 1)) << key;
    } else {
      EXPECT_FALSE(accepts(key, min.get<double>() - step.get<double>())) << key;
      EXPECT_FALSE(accepts(key, max.get<double>() + step.get<double>())) << key;
    }
  }
}

TEST(ConfigSchemaTest, EachTypeAndEachChoiceOfTheSchemaIsThatOfTheCode) {
  for (const auto& [key, leaf] : schema_leaves()) {
    const std::string type = leaf.value("type", "string");
    EXPECT_EQ(accepts(key, true), type == "boolean") << key;
    EXPECT_EQ(accepts(key, json::array()), type == "array") << key;
    if (type == "array") {
      const auto most = leaf.at("maxItems").get<std::size_t>();
      EXPECT_TRUE(accepts(key, items_of(leaf, most))) << key;
      EXPECT_FALSE(accepts(key, items_of(leaf, most + 1))) << key;
    }
    if (type == "string") {
      EXPECT_FALSE(accepts(key, 1)) << key;
      EXPECT_EQ(accepts(key, ""), leaf.value("default", "none") == "") << key;
    } else {
      EXPECT_FALSE(accepts(key, "text")) << key;
    }
    for (const json& choice : leaf.value("enum", json::array())) {
      EXPECT_TRUE(accepts(key, choice)) << key << " " << choice;
      EXPECT_FALSE(accepts(key, choice.get<std::string>() + "x")) << key;
    }
    if (leaf.contains("maxLength")) {
      const auto limit = leaf.at("maxLength").get<std::size_t>();
      // An address, and files of which one alone is none.
      const bool takes_any_text = !key.starts_with("listen.");
      EXPECT_EQ(accepts(key, "/" + std::string(limit - 1, 'a')), takes_any_text) << key;
      EXPECT_FALSE(accepts(key, "/" + std::string(limit, 'a'))) << key;
    }
  }
}

/// A sink of one branch of the schema with no more than it needs.
json least_sink(const json& branch) {
  const json name_and_type{{"name", "one"},
                           {"type", branch.at("properties").at("type").at("const")}};
  return branch.value("examples", json::array({name_and_type})).at(0);
}

/// The same with one more key.
bool accepts_sink(const json& branch, const std::string& key, const json& value) {
  json sink = least_sink(branch);
  if (key == "user") sink["password"] = "secret";  // of Redis, one goes with the other
  sink[key] = value;
  return SinkSpec::from_json(sink, "sinks[0]").has_value();
}

json default_of(const json& branch) {
  return SinkSpec::from_json(least_sink(branch), "sinks[0]")->to_json(SinkSpec::Secrets::Kept);
}

TEST(ConfigSchemaTest, TheSchemaKnowsExactlyTheKeysOfEachTypeOfSinkWithTheirDefaultsAndRanges) {
  const auto schema = schema_leaves();
  for (const json& branch : schema.at("sinks").at("items").at("anyOf")) {
    json values = default_of(branch);
    const json& required = branch.at("required");
    for (const auto& [key, property] : branch.at("properties").items()) {
      const bool is_required = std::ranges::find(required, json(key)) != required.end();
      // Without a default it is there only where it is given.
      EXPECT_EQ(values.erase(key) == 1, property.contains("default") || is_required) << key;
      if (is_required) {
        EXPECT_FALSE(accepts_sink(branch, key, nullptr)) << key;
      }
      if (property.contains("default")) {
        EXPECT_EQ(property.at("default"), default_of(branch).at(key)) << key;
        EXPECT_TRUE(accepts_sink(branch, key, property.at("default"))) << key;
      }
      EXPECT_FALSE(accepts_sink(branch, key, json::array())) << key;
      if (property.contains("minimum")) {
        const auto min = property.at("minimum").get<std::int64_t>();
        const auto max = property.at("maximum").get<std::int64_t>();
        EXPECT_TRUE(accepts_sink(branch, key, min)) << key;
        EXPECT_TRUE(accepts_sink(branch, key, max)) << key;
        EXPECT_FALSE(accepts_sink(branch, key, min - 1)) << key;
        EXPECT_FALSE(accepts_sink(branch, key, max + 1)) << key;
      }
      if (property.contains("maxLength")) {
        const auto limit = property.at("maxLength").get<std::size_t>();
        const std::string start = key == "stream" || key == "latest_key" ? "{session}" : "";
        // A certificate needs a mode that verifies by it.
        EXPECT_EQ(accepts_sink(branch, key, start + std::string(limit - start.size(), 'a')),
                  key != "root_certificate")
            << key;
        EXPECT_FALSE(accepts_sink(branch, key, start + std::string(limit + 1 - start.size(), 'a')))
            << key;
      }
    }
    EXPECT_EQ(values, json::object()) << "unknown to the schema";
  }
}

TEST(ConfigSchemaTest, TheSchemaKnowsExactlyTheMembersAndKindsOfTheFilterOfAnAction) {
  const auto schema = schema_leaves();
  std::size_t actions = 0;
  for (const json& branch : schema.at("sinks").at("items").at("anyOf")) {
    if (!branch.at("properties").contains("when")) continue;
    ++actions;
    const json& members = branch.at("properties").at("when").at("properties");
    const json& kinds = members.at("kinds").at("items").at("enum");
    EXPECT_EQ(kinds.size(), 1 + kEventKinds);
    json whole{{"kinds", kinds},
               {"labels", {"a"}},
               {"min_confidence", 0.5},
               {"zones", {"gate"}},
               {"attributes", {"b"}}};
    EXPECT_TRUE(accepts_sink(branch, "when", whole));
    for (const auto& [key, member] : members.items()) EXPECT_EQ(whole.erase(key), 1U) << key;
    EXPECT_EQ(whole, json::object()) << "unknown to the schema";
  }
  EXPECT_EQ(actions, 3U);
}

TEST(ConfigSchemaTest, TheExampleLoadsAndHoldsTheDefaults) {
  const auto example = Config::load(kConfigDir / "bulkhead.json", {});
  ASSERT_TRUE(example) << example.error().message;
  EXPECT_EQ(example->to_json(), Config::load({}, {})->to_json());
}

TEST(ConfigSchemaTest, TheExampleShowsEveryKey) {
  const auto text = read_text_file(kConfigDir / "bulkhead.json", limits::kJsonBytes);
  ASSERT_TRUE(text);
  std::map<std::string, json> shown;
  collect_values(read_json(kConfigDir / "bulkhead.json"), "", shown);
  for (const auto& [key, leaf] : schema_leaves()) {
    // Keys whose default depends on the installation stand in a comment.
    EXPECT_TRUE(shown.count(key) == 1 || text->find("// \"" + key + "\": ") != text->npos) << key;
  }
}

TEST(ConfigSchemaTest, EveryExamplePipelineLoadsByItsName) {
  const auto config = Config::load({}, {});
  ASSERT_TRUE(config);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{kConfigDir / "pipelines"}) {
    if (entry.path().stem().extension() == ".schema") continue;
    names.insert(entry.path().stem().string());
    const auto pipeline = config->pipeline(entry.path().stem().string());
    EXPECT_TRUE(pipeline) << pipeline.error().message;
  }
  EXPECT_EQ(names.count(config->default_pipeline), 1U);
  EXPECT_GE(names.size(), 3U);
}

}  // namespace
}  // namespace bulkhead::supervisor
