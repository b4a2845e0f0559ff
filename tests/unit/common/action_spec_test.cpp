#include "common/action_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "common/sink_spec.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

const json kPublish = json::parse(R"({
  "name": "tell", "type": "redis_publish", "host": "redis.example.org", "port": 6380,
  "database": 3, "user": "writer", "password": "pass word",
  "when": {"kinds": ["detection", "zone.enter"], "labels": ["car"], "min_confidence": 0.5,
           "zones": ["gate"], "attributes": ["brand", "color"]},
  "channel": "cars:{session}", "message": {"brand": "{attribute.brand}", "at": "{time}"}})");
const json kSaveImage = json::parse(R"({
  "name": "pictures", "type": "redis_save_image", "host": "127.0.0.1", "port": 6379, "user": "",
  "database": 0, "when": {}, "key": "inference:{session}:{timestamp_ms}", "expire_seconds": 300,
  "boxes": true, "region": "object"})");
const json kUpsert = json::parse(R"({
  "name": "rows", "type": "postgres_upsert_combined", "host": "::1", "port": 5433,
  "database": "db", "user": "writer", "password_file": "/run/secret", "tls": "verify-full",
  "root_certificate": "/etc/ca.pem", "when": {"attributes": ["brand"]}, "table": "traffic.Cars",
  "key": {"camera": "{session}", "track": "{generation}-{track}"},
  "fields": {"brand": "{attribute.brand}", "seen": "{time}"}})");

/// The error of an action that must be refused.
Error refused(json sink, const json& changes) {
  sink.update(changes);
  const auto spec = SinkSpec::from_json(sink, "sinks[0]");
  EXPECT_FALSE(spec) << sink;
  return spec ? Error{} : spec.error();
}

bool is_taken(json sink, const json& changes) {
  sink.update(changes);
  return SinkSpec::from_json(sink, "sinks[0]").has_value();
}

TEST(ActionSpecTest, WhatIsWrittenWithSecretsReadsBackAsEqualForEachAction) {
  json text = kPublish;
  text["message"] = "{label} at {time}";
  for (const json& whole : {kPublish, text, kSaveImage, kUpsert}) {
    const auto spec = SinkSpec::from_json(whole, "");
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ(spec->to_json(SinkSpec::Secrets::Kept), whole);
    const auto again = SinkSpec::from_json(spec->to_json(SinkSpec::Secrets::Kept), "");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *spec);
  }
}

TEST(ActionSpecTest, ThePasswordOfAnActionIsHiddenAndFoundAsThatOfAnySink) {
  const auto spec = SinkSpec::from_json(kPublish, "");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->to_json(SinkSpec::Secrets::Hidden).dump().find("pass word"), std::string::npos);
  EXPECT_EQ(password_of(*spec), "pass word");
}

TEST(ActionSpecTest, ThePasswordFileOfAnActionIsReadAsThatOfAnySink) {
  const test::TempDir folder;
  folder.write("secret", "p w\n");
  json upsert = kUpsert;
  upsert["password_file"] = "secret";
  auto spec = SinkSpec::from_json(upsert, "");
  ASSERT_TRUE(spec);
  resolve_files(*spec, folder.path());
  const auto whole = with_password(*spec);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(password_of(*whole), "p w");
}

TEST(ActionSpecTest, APlaceholderThatIsUnknownIsNamedByItsFieldWithTheNearestOne) {
  const Error of_channel = refused(kPublish, {{"channel", "cars:{sesion}"}});
  EXPECT_EQ(of_channel.field, "sinks[0].channel");
  EXPECT_NE(of_channel.message.find("did you mean \"session\"?"), std::string::npos);
  EXPECT_EQ(refused(kPublish, {{"message", {{"a", "{"}}}}).field, "sinks[0].message.a");
  EXPECT_EQ(refused(kPublish, {{"message", "}"}}).field, "sinks[0].message");
  EXPECT_EQ(refused(kSaveImage, {{"key", "{}"}}).field, "sinks[0].key");
  EXPECT_EQ(refused(kUpsert, {{"key", {{"id", "{id}"}}}}).field, "sinks[0].key.id");
  EXPECT_EQ(refused(kUpsert, {{"fields", {{"a", "{b}"}}}}).field, "sinks[0].fields.a");
}

TEST(ActionSpecTest, WhatAnActionCannotDoWithoutIsMissed) {
  for (const char* key : {"channel", "message"}) {
    EXPECT_EQ(refused(kPublish, {{key, nullptr}}).field, std::string{"sinks[0]."} + key);
  }
  EXPECT_EQ(refused(kSaveImage, {{"key", nullptr}}).field, "sinks[0].key");
  for (const char* key : {"table", "key", "fields"}) {
    EXPECT_EQ(refused(kUpsert, {{key, nullptr}}).field, std::string{"sinks[0]."} + key);
  }
}

TEST(ActionSpecTest, ATemplateIsTakenAtItsLimitAndRefusedPastIt) {
  const auto text = [](std::size_t bytes) { return std::string(bytes, 'a'); };
  EXPECT_TRUE(is_taken(kPublish, {{"channel", text(limits::kKeyTemplateBytes)}}));
  EXPECT_EQ(refused(kPublish, {{"channel", text(limits::kKeyTemplateBytes + 1)}}).field,
            "sinks[0].channel");
  EXPECT_TRUE(is_taken(kPublish, {{"message", text(limits::kTemplateBytes)}}));
  EXPECT_EQ(refused(kPublish, {{"message", text(limits::kTemplateBytes + 1)}}).field,
            "sinks[0].message");
  EXPECT_TRUE(is_taken(kUpsert, {{"fields", {{"a", text(limits::kTemplateBytes)}}}}));
  EXPECT_EQ(refused(kUpsert, {{"fields", {{"a", text(limits::kTemplateBytes + 1)}}}}).field,
            "sinks[0].fields.a");
}

TEST(ActionSpecTest, AnObjectOfTemplatesHasFromOneToTheLimitEachATextWithAName) {
  json members = json::object();
  EXPECT_EQ(refused(kPublish, {{"message", members}}).field, "sinks[0].message");
  for (std::size_t i = 0; i < limits::kTemplateFields; ++i) {
    members["m" + std::to_string(i)] = "{label}";
  }
  EXPECT_TRUE(is_taken(kPublish, {{"message", members}}));
  members["more"] = "{label}";
  EXPECT_EQ(refused(kPublish, {{"message", members}}).field, "sinks[0].message");
  EXPECT_EQ(refused(kPublish, {{"message", {{"a", 1}}}}).field, "sinks[0].message.a");
  EXPECT_EQ(refused(kPublish, {{"message", {{"a", ""}}}}).field, "sinks[0].message.a");
  EXPECT_EQ(refused(kPublish, {{"message", json::array({"a"})}}).field, "sinks[0].message");
  EXPECT_EQ(refused(kUpsert, {{"key", "id"}}).field, "sinks[0].key");
  const std::string longest(limits::kNameChars, 'a');
  EXPECT_TRUE(is_taken(kPublish, {{"message", {{longest, "a"}}}}));
  for (const std::string& name : {std::string{}, longest + "a", std::string{"a\nb"}}) {
    EXPECT_EQ(refused(kPublish, {{"message", {{name, "a"}}}}).field, "sinks[0].message") << name;
  }
}

TEST(ActionSpecTest, ATableAndItsColumnsArePlainNamesOfAnyCase) {
  const std::string longest(limits::kSqlIdentifierBytes, 'a');
  for (const std::string& table :
       {std::string{"Cars"}, std::string{"_a.B1"}, longest + "." + longest}) {
    EXPECT_TRUE(is_taken(kUpsert, {{"table", table}})) << table;
  }
  for (const std::string& table :
       {std::string{}, std::string{"."}, std::string{"a."}, std::string{".a"}, std::string{"a.b.c"},
        std::string{"1a"}, std::string{"a b"}, std::string{"a\"; DROP TABLE x; --"},
        longest + "a"}) {
    EXPECT_EQ(refused(kUpsert, {{"table", table}}).field, "sinks[0].table") << table;
  }
  EXPECT_TRUE(is_taken(kUpsert, {{"key", {{longest, "a"}}}}));
  for (const std::string& column :
       {std::string{"a-b"}, std::string{"a\" = 1; --"}, longest + "a"}) {
    EXPECT_EQ(refused(kUpsert, {{"key", {{column, "a"}}}}).field, "sinks[0].key") << column;
    EXPECT_EQ(refused(kUpsert, {{"fields", {{column, "a"}}}}).field, "sinks[0].fields") << column;
  }
  EXPECT_EQ(refused(kUpsert, {{"fields", {{"camera", "a"}}}}).field, "sinks[0].fields.camera");
}

TEST(ActionSpecTest, AFilterIsRefusedWhereItCouldMatchNothingOrIsTooLong) {
  const Error kind = refused(kPublish, {{"when", {{"kinds", {"detection", "zone.entered"}}}}});
  EXPECT_EQ(kind.field, "sinks[0].when.kinds[1]");
  EXPECT_NE(kind.message.find("did you mean \"zone.enter\"?"), std::string::npos) << kind.message;
  EXPECT_EQ(refused(kPublish, {{"when", {{"kinds", {"gap"}}}}}).field, "sinks[0].when.kinds[0]");
  EXPECT_EQ(refused(kPublish, {{"when", {{"label", "car"}}}}).field, "sinks[0].when.label");
  EXPECT_EQ(refused(kPublish, {{"when", {{"min_confidence", 1.5}}}}).field,
            "sinks[0].when.min_confidence");
  EXPECT_EQ(refused(kPublish, {{"when", "always"}}).field, "sinks[0].when");
  json labels = json::array();
  for (std::size_t i = 0; i < limits::kActionFilterTexts; ++i) labels.push_back("a");
  EXPECT_TRUE(is_taken(kPublish, {{"when", {{"labels", labels}}}}));
  labels.push_back("a");
  EXPECT_EQ(refused(kPublish, {{"when", {{"labels", labels}}}}).field, "sinks[0].when.labels");
}

TEST(ActionSpecTest, PicturesAreSavedOnlyBesideAHistoryThatKeepsThem) {
  EXPECT_EQ(read_sinks(json::array({kSaveImage}), "sinks").error().field, "sinks[0].type");
  const json history{{"name", "history"}, {"type", "sqlite"}};
  EXPECT_TRUE(read_sinks(json::array({kSaveImage, history}), "sinks"));
}

TEST(ActionSpecTest, AllSinksTogetherHaveALimitThatTheirWorkersCanBeTold) {
  json sinks = json::array();
  for (std::size_t i = 0; i < limits::kSinks; ++i) {
    json sink = kPublish;
    sink["name"] = "s" + std::to_string(i);
    sinks.push_back(std::move(sink));
  }
  const auto left = [&] { return limits::kSinksBytes - sinks.dump().size(); };
  for (std::size_t i = 0; left() > limits::kTemplateBytes + 20; ++i) {
    json& message = sinks[i / limits::kTemplateFields]["message"];
    message["m" + std::to_string(i % limits::kTemplateFields)] =
        std::string(limits::kTemplateBytes, 'a');
  }
  std::string& last = sinks.back()["name"].get_ref<std::string&>();
  json& message = sinks.back()["message"];
  message["z"] = "a";
  message["z"] = std::string(left() + 1, 'a');
  ASSERT_EQ(sinks.dump().size(), limits::kSinksBytes);
  const auto most = read_sinks(sinks, "sinks");
  EXPECT_TRUE(most) << most.error().message;
  last += "x";
  EXPECT_EQ(read_sinks(sinks, "sinks").error().field, "sinks");
}

}  // namespace
}  // namespace bulkhead
