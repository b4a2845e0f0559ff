#include "ipc/start_message.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/limits.hpp"

namespace bulkhead::ipc {
namespace {

StartMessage sample() {
  auto spec = SessionSpec::from_json(
      nlohmann::json{
          {"subscriptionIdentifier", "display-001;cam-001"},
          {"rtspUrl", "rtsp://user:s%C3%A9cret%40@192.0.2.7:8554/live?channel=1"},
          {"pipeline", {{"name", "people"}, {"stages", {{{"type", "detect"}, {"model", "yolo"}}}}}},
          {"transport", "udp"},
          {"lifetime", "connection"},
          {"logLevel", "debug"}},
      "");
  EXPECT_TRUE(spec) << spec.error().field << ": " << spec.error().message;
  return StartMessage{.spec = std::move(*spec),
                      .generation = 4'000'000'000,
                      .log_file = "/var/log/camera.log",
                      .log_max_bytes = std::uint64_t{5} << 32,
                      .log_backup_count = 7,
                      .model_dir = "/var/lib/bulkhead/models",
                      .model_catalog = "/etc/bulkhead/models.json",
                      .model_cache = "/var/lib/bulkhead/fetched",
                      .addresses = {.deny = {AddressBlock::parse("10.0.0.0/8").value()},
                                    .allow = {AddressBlock::parse("fd00::/8").value()},
                                    .control_port = 8001}};
}

/// What `from_json` says of the sample with one member changed, or removed where `value` is null.
Error error_of(const std::string& key, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(sample().to_json());
  json[key] = value;
  if (value.is_null()) json.erase(key);
  const auto read = StartMessage::from_json(json.dump());
  return read ? Error{.code = ErrorCode::None, .message = {}, .field = {}} : read.error();
}

TEST(StartMessage, ReadsBackAsItWasWritten) {
  const StartMessage sent = sample();
  const auto got = StartMessage::from_json(sent.to_json());
  ASSERT_TRUE(got) << got.error().field << ": " << got.error().message;
  EXPECT_EQ(got->spec, sent.spec);
  EXPECT_EQ(got->generation, sent.generation);
  EXPECT_EQ(got->log_file, sent.log_file);
  EXPECT_EQ(got->log_max_bytes, sent.log_max_bytes);
  EXPECT_EQ(got->log_backup_count, sent.log_backup_count);
  EXPECT_EQ(got->model_dir, sent.model_dir);
  EXPECT_EQ(got->model_catalog, sent.model_catalog);
  EXPECT_EQ(got->model_cache, sent.model_cache);
  EXPECT_EQ(got->addresses, sent.addresses);
}

TEST(StartMessage, CarriesAContextAndRefusesOneThatCannotBe) {
  StartMessage sent = sample();
  EXPECT_EQ(StartMessage::from_json(sent.to_json())->context, SessionContext{});
  sent.context = {.id = std::string(limits::kContextBytes, 'c'),
                  .stage = std::string(limits::kContextStageBytes, 's')};
  EXPECT_EQ(StartMessage::from_json(sent.to_json())->context, sent.context);
  EXPECT_EQ(error_of("context", sent.context.id + 'c').field, "context");
  EXPECT_EQ(error_of("stage", "paid").field, "stage") << "of no context";
}

TEST(StartMessage, CarriesTheSinksWithTheirPasswords) {
  StartMessage sent = sample();
  EXPECT_TRUE(StartMessage::from_json(sent.to_json())->sinks.empty());
  RedisSinkSpec redis;
  redis.account.password = "hunter22";
  sent.sinks = {{"history", SqliteSinkSpec{}}, {"live", redis}};
  sent.spool_dir = "/state/spool/cam";
  sent.history_dir = "/state/history/cam";
  sent.hold_results = true;
  const auto got = StartMessage::from_json(sent.to_json());
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->sinks, sent.sinks);
  EXPECT_EQ(got->spool_dir, sent.spool_dir);
  EXPECT_EQ(got->history_dir, sent.history_dir);
  EXPECT_TRUE(got->hold_results);
  sent.spool_dir = "spool";
  EXPECT_EQ(StartMessage::from_json(sent.to_json()).error().field, "spoolDir");
  EXPECT_EQ(error_of("sinks", {{{"name", "x"}, {"type", "ftp"}}}).field, "sinks[0].type");
}

TEST(StartMessage, CarriesTheSessionThatADeadWorkerLeft) {
  StartMessage sent = sample();
  EXPECT_FALSE(StartMessage::from_json(sent.to_json())->left_session);
  sent.left_session = RtspSession{.id = "4F2A01BC", .path = "/live"};
  EXPECT_EQ(StartMessage::from_json(sent.to_json())->left_session, sent.left_session);
}

TEST(StartMessage, RefusesALeftSessionThatCannotStandInARequest) {
  EXPECT_EQ(error_of("leftSession", {{"id", "a b"}, {"path", "/a"}}).field, "leftSession.id");
  EXPECT_EQ(error_of("leftSession", {{"id", "1"}, {"path", "rtsp://h/a"}}).field,
            "leftSession.path");
  EXPECT_EQ(error_of("leftSession", {{"path", "/a"}}).field, "leftSession.id");
}

TEST(StartMessage, CarriesTheCamerasPasswordDecoded) {
  EXPECT_NE(sample().to_json().find("s\u00e9cret@"), std::string::npos);
}

TEST(StartMessage, FitsOnePacketWithEveryLabelAndEveryBlockOfAddressesAtItsLimit) {
  StartMessage message = sample();
  const auto longest = AddressBlock::parse("1111:1111:1111:1111:1111:1111:1111:1111/128").value();
  message.addresses.deny.assign(limits::kAddressBlocks, longest);
  message.addresses.allow = message.addresses.deny;
  message.spec.pipeline->detect.labels.assign(limits::kLabels,
                                              std::string(limits::kLabelBytes, 'l'));
  message.spec.pipeline->detect.classes = message.spec.pipeline->detect.labels;
  EXPECT_LE(message.to_json().size(), limits::kControlMessageBytes);
}

TEST(StartMessage, NamesTheFieldThatIsWrongOrMissing) {
  for (const char* key : {"session", "generation", "logFile", "logMaxBytes", "logBackupCount",
                          "modelDir", "modelCatalog", "addresses"}) {
    EXPECT_EQ(error_of(key, nullptr).field, key);
  }
  EXPECT_EQ(error_of("generation", 0).field, "generation");
  EXPECT_EQ(error_of("generation", std::int64_t{1} << 32).field, "generation");
  EXPECT_EQ(error_of("logFile", "relative.log").field, "logFile");
  EXPECT_EQ(error_of("surprise", 1).field, "surprise");
  EXPECT_EQ(
      error_of("addresses", {{"deny", nlohmann::json::array()}, {"allow", nlohmann::json::array()}})
          .field,
      "addresses.controlPort");
}

TEST(StartMessage, IsRefusedWithAPipelineThatIsOnlyAName) {
  auto json = nlohmann::json::parse(sample().to_json());
  json["session"]["pipeline"] = "people";
  const auto read = StartMessage::from_json(json.dump());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "session.pipeline");
}

TEST(StartMessage, IsRefusedWhenItIsNoJson) {
  EXPECT_FALSE(StartMessage::from_json(""));
  EXPECT_FALSE(StartMessage::from_json("[]"));
  EXPECT_FALSE(StartMessage::from_json("{\"session\":"));
}

}  // namespace
}  // namespace bulkhead::ipc
