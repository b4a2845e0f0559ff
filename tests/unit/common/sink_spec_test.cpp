#include "common/sink_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

const json kWholeRedis = json::parse(R"({
  "name": "live", "type": "redis", "host": "redis.example.org", "port": 6380, "database": 3,
  "user": "writer", "password": "pass word", "stream": "cam:{session}:results", "max_length": 5,
  "publish": "all", "latest_key": "latest:{session}", "latest_seconds": 7})");
const json kWholePostgres = json::parse(R"({
  "name": "archive", "type": "postgres", "host": "::1", "port": 5433, "database": "db",
  "user": "writer", "password_file": "/run/secret", "schema": "results_2", "tls": "verify-full",
  "root_certificate": "/etc/ca.pem"})");

/// The error of a sink that must be refused.
Error refused(json sink, const json& changes) {
  sink.update(changes);
  const auto spec = SinkSpec::from_json(sink, "sinks[0]");
  EXPECT_FALSE(spec) << sink;
  return spec ? Error{} : spec.error();
}

TEST(SinkSpecTest, WhatIsWrittenWithSecretsReadsBackAsEqualForEachType) {
  const json sqlite{{"name", "h"},
                    {"type", "sqlite"},
                    {"retention_days", 30},
                    {"max_mb", 10},
                    {"snapshots_max_mb", 5}};
  for (const json& whole : {kWholeRedis, kWholePostgres, sqlite}) {
    const auto spec = SinkSpec::from_json(whole, "");
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ(spec->to_json(SinkSpec::Secrets::Kept), whole);
    const auto again = SinkSpec::from_json(spec->to_json(SinkSpec::Secrets::Kept), "");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *spec);
  }
}

TEST(SinkSpecTest, WithoutSecretsNoPasswordIsWritten) {
  const auto spec = SinkSpec::from_json(kWholeRedis, "");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->to_json(SinkSpec::Secrets::Hidden).dump().find("pass word"), std::string::npos);
}

TEST(SinkSpecTest, AnUnknownKeyIsRefusedWithTheNearestOneOfItsType) {
  EXPECT_NE(refused(kWholeRedis, {{"max_lenght", 1}}).message.find("\"max_length\""),
            std::string::npos);
  EXPECT_EQ(refused(kWholePostgres, {{"max_length", 1}}).field, "sinks[0].max_length");
  EXPECT_EQ(refused({{"name", "x"}, {"type", "sqlite"}}, {{"host", "a"}}).field, "sinks[0].host");
}

TEST(SinkSpecTest, AMissingOrUnknownTypeIsTheFirstError) {
  EXPECT_EQ(refused({{"name", "x"}}, {{"host", "a"}}).field, "sinks[0].type");
  EXPECT_EQ(refused(kWholeRedis, {{"type", "kafka"}}).field, "sinks[0].type");
}

TEST(SinkSpecTest, ANameThatCannotBePartOfAFilesNameIsRefusedAndSoIsALongOne) {
  for (const char* name : {"", "../up", "a.b", "a/b", "History"}) {
    EXPECT_EQ(refused(kWholeRedis, {{"name", name}}).field, "sinks[0].name") << name;
  }
  json longest = kWholeRedis;
  longest["name"] = std::string(limits::kSinkNameBytes, 'a');
  EXPECT_TRUE(SinkSpec::from_json(longest, ""));
  longest["name"] = std::string(limits::kSinkNameBytes + 1, 'a');
  EXPECT_EQ(refused(longest, json::object()).field, "sinks[0].name");
}

TEST(SinkSpecTest, AStreamThatSessionsWouldShareIsRefusedAndSoIsAnUnknownPlaceholder) {
  EXPECT_EQ(refused(kWholeRedis, {{"stream", "all"}}).field, "sinks[0].stream");
  EXPECT_EQ(refused(kWholeRedis, {{"latest_key", "all"}}).field, "sinks[0].latest_key");
  EXPECT_EQ(refused(kWholeRedis, {{"stream", "{session}:{camera}"}}).field, "sinks[0].stream");
  EXPECT_EQ(refused(kWholeRedis, {{"latest_key", "cam:{session}:results"}}).field,
            "sinks[0].latest_key");
}

TEST(SinkSpecTest, ASchemaThatIsNoPlainIdentifierIsRefused) {
  for (const char* name : {"", "Results", "a-b", "1a", "pg_results", "a\"; DROP TABLE x; --"}) {
    EXPECT_EQ(refused(kWholePostgres, {{"schema", name}}).field, "sinks[0].schema") << name;
  }
  EXPECT_EQ(refused(kWholePostgres, {{"schema", std::string(64, 'a')}}).field, "sinks[0].schema");
  json longest = kWholePostgres;
  longest["schema"] = std::string(limits::kSqlIdentifierBytes, 'a');
  EXPECT_TRUE(SinkSpec::from_json(longest, ""));
}

TEST(SinkSpecTest, TwoSourcesOfAPasswordOrAUserWithoutOneAreRefused) {
  EXPECT_EQ(refused(kWholeRedis, {{"password_file", "f"}}).field, "sinks[0].password_file");
  EXPECT_EQ(refused(kWholeRedis, {{"password", nullptr}}).field, "sinks[0].user");
}

TEST(SinkSpecTest, VerifyingNeedsARootCertificateAndOnlyVerifyingDoes) {
  EXPECT_EQ(refused(kWholePostgres, {{"root_certificate", nullptr}}).field,
            "sinks[0].root_certificate");
  EXPECT_EQ(refused(kWholePostgres, {{"tls", "require"}}).field, "sinks[0].root_certificate");
}

TEST(SinkSpecTest, AListHoldsAsManyAsTheLimitAndNoNameTwice) {
  json list = json::array();
  for (std::size_t i = 0; i < limits::kSinks; ++i) {
    list.push_back({{"name", "s" + std::to_string(i)}, {"type", "sqlite"}});
  }
  const auto most = read_sinks(list, "sinks");
  ASSERT_TRUE(most) << most.error().message;
  EXPECT_EQ(most->size(), limits::kSinks);
  list.push_back({{"name", "more"}, {"type", "sqlite"}});
  EXPECT_EQ(read_sinks(list, "sinks").error().field, "sinks");
  const json twice = json::array({list[0], list[0]});
  EXPECT_EQ(read_sinks(twice, "sinks").error().field, "sinks[1].name");
  EXPECT_EQ(read_sinks(json::object(), "sinks").error().field, "sinks");
}

TEST(SinkSpecTest, APasswordFileGivesItsOneLineAndAnyOtherContentIsRefused) {
  const test::TempDir folder;
  auto spec =
      SinkSpec::from_json({{"name", "a"}, {"type", "postgres"}, {"password_file", "secret"}}, "");
  ASSERT_TRUE(spec);
  resolve_files(*spec, folder.path());
  const auto password_of = [&](std::string_view text) {
    folder.write("secret", text);
    const auto resolved = with_password(*spec);
    return resolved ? std::get<PostgresSinkSpec>(resolved->place).account.password
                    : "refused: " + resolved.error().field;
  };
  EXPECT_EQ(password_of("p w\n"), "p w");
  EXPECT_EQ(password_of("p w\r\n"), "p w");
  const std::string longest(limits::kCredentialBytes, 'a');
  EXPECT_EQ(password_of(longest + "\r\n"), longest);
  EXPECT_EQ(password_of(longest + "a"), "refused: password_file");
  EXPECT_EQ(password_of("\n"), "refused: password_file");
  EXPECT_EQ(password_of("a\nb\n"), "refused: password_file");
  std::filesystem::remove(folder.path() / "secret");
  EXPECT_EQ(with_password(*spec).error().code, ErrorCode::NotFound);
}

TEST(SinkSpecTest, TheSessionStandsWhereItsPlaceholderStood) {
  EXPECT_EQ(for_session("a:{session}:{session}", "d;c"), "a:d;c:d;c");
  EXPECT_EQ(for_session("all", "d;c"), "all");
  EXPECT_EQ(for_session("{session}", "{session}"), "{session}");
}

}  // namespace
}  // namespace bulkhead
