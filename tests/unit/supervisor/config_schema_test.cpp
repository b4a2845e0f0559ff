// Holds config/bulkhead.schema.json, config/bulkhead.json and config/pipelines/ against the code.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

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
    EXPECT_FALSE(accepts(key, json::array())) << key;
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
      EXPECT_EQ(accepts(key, "/" + std::string(limit - 1, 'a')), key != "listen.host") << key;
      EXPECT_FALSE(accepts(key, "/" + std::string(limit, 'a'))) << key;
    }
  }
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
    names.insert(entry.path().stem().string());
    const auto pipeline = config->pipeline(entry.path().stem().string());
    EXPECT_TRUE(pipeline) << pipeline.error().message;
  }
  EXPECT_EQ(names.count(config->default_pipeline), 1U);
  EXPECT_GE(names.size(), 3U);
}

}  // namespace
}  // namespace bulkhead::supervisor
