#include "supervisor/config.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> load(std::string_view text, const std::vector<std::string>& overrides = {}) {
    return Config::load(folder_.write("etc/bulkhead.json", text), overrides);
  }

  /// The error of a configuration that must be refused.
  Error refused(std::string_view text, const std::vector<std::string>& overrides = {}) {
    const auto config = load(text, overrides);
    EXPECT_FALSE(config) << text;
    return config ? Error{} : config.error();
  }

  test::TempDir folder_;
};

TEST_F(ConfigTest, WithoutAFileEveryKeyHasTheDefaultOfTheDesign) {
  const auto config = Config::load({}, {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen.host, "127.0.0.1");
  EXPECT_EQ(config->listen.port, 8001);
  EXPECT_EQ(config->session_processes.max_concurrent_sessions, 20U);
  EXPECT_EQ(config->session_processes.process_cleanup_timeout, 30U);
  EXPECT_EQ(config->session_processes.health_check_interval, 10U);
  EXPECT_EQ(config->session_processes.warm_spares, 1U);
  EXPECT_EQ(config->session_processes.log_rotation.max_size_mb, 100U);
  EXPECT_EQ(config->session_processes.log_rotation.backup_count, 5U);
  EXPECT_EQ(config->session_processes.recycling.max_age_hours, 0U);
  EXPECT_EQ(config->session_processes.recycling.max_growth_mb_per_hour, 0U);
  EXPECT_EQ(config->resource_limits.memory_per_process_mb, 2048U);
  EXPECT_DOUBLE_EQ(config->resource_limits.gpu_memory_fraction, 0.3);
  EXPECT_TRUE(config->pipelines_dir.is_absolute());
  EXPECT_TRUE(config->state_dir.is_absolute());
}

TEST_F(ConfigTest, AnUnknownKeyIsRefusedWithItsPathAndTheNearestKnownOne) {
  const Error error = refused(R"({"session_processes": {"log_rotation": {"max_size_mib": 10}}})");
  EXPECT_EQ(error.code, ErrorCode::InvalidParams);
  EXPECT_EQ(error.field, "session_processes.log_rotation.max_size_mib");
  EXPECT_NE(error.message.find("did you mean \"max_size_mb\""), std::string::npos) << error.message;
}

TEST_F(ConfigTest, AnUnknownKeyOfTheCommandLineIsRefusedAlike) {
  const Error error = refused("{}", {"listen.prot=8002"});
  EXPECT_EQ(error.field, "listen.prot");
  EXPECT_NE(error.message.find("\"port\""), std::string::npos) << error.message;
}

TEST_F(ConfigTest, AValueOutOfRangeIsRefusedWithTheRange) {
  const Error error = refused(R"({"listen": {"port": 70000}})");
  EXPECT_EQ(error.field, "listen.port");
  EXPECT_NE(error.message.find("from 0 to 65535"), std::string::npos) << error.message;
}

TEST_F(ConfigTest, MalformedJsonIsRefusedWithItsPlace) {
  const Error error = refused("{\n  \"listen\": {,}\n}");
  EXPECT_NE(error.message.find("line 2"), std::string::npos) << error.message;
}

TEST_F(ConfigTest, AFileThatIsNotThereIsNamed) {
  const auto config = Config::load(folder_.path() / "absent.json", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::NotFound);
  EXPECT_NE(config.error().message.find("absent.json"), std::string::npos);
}

TEST_F(ConfigTest, TheCommandLineWinsOverTheFile) {
  const auto config = load(R"({"listen": {"port": 9001}, "log_level": "warn"})",
                           {"listen.port=9002", "session_processes.max_concurrent_sessions=3"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen.port, 9002);
  EXPECT_EQ(config->session_processes.max_concurrent_sessions, 3U);
  EXPECT_EQ(config->log_level, "warn");
}

TEST_F(ConfigTest, RelativePathsStartAtTheFolderOfTheFile) {
  const auto config = load(R"({"state_dir": "../var", "pipelines_dir": "p", "models_dir": "/m"})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->state_dir, folder_.path() / "var");
  EXPECT_EQ(config->pipelines_dir, folder_.path() / "etc/p");
  EXPECT_EQ(config->models_dir, "/m");
}

TEST_F(ConfigTest, BlocksOfAddressesAreReadAndWrittenAndADenyOfItsOwnReplacesTheDefault) {
  const auto config =
      load(R"({"sources": {"deny": ["10.0.0.0/8"], "allow": ["10.1.2.3", "fd00::/8"]}})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->to_json()["sources"]["deny"], nlohmann::json({"10.0.0.0/8"}));
  EXPECT_EQ(config->to_json()["sources"]["allow"], nlohmann::json({"10.1.2.3/32", "fd00::/8"}));
  EXPECT_EQ(load(R"({"sources": {"allow": []}})")->sources.deny, default_denied_blocks());
  EXPECT_TRUE(load(R"({"sources": {"deny": []}})")->sources.deny.empty());
}

TEST_F(ConfigTest, ABlockThatIsNoneIsRefusedAndItsPlaceNamed) {
  const Error error = refused(R"({"sources": {"deny": ["10.0.0.0/8", "gateway"]}})");
  EXPECT_EQ(error.field, "sources.deny[1]");
  EXPECT_NE(error.message.find("10.0.0.0/8 or fe80::/10"), std::string::npos) << error.message;
}

TEST_F(ConfigTest, AnAddressOtherMachinesCanReachIsRefusedAndSaysWhy) {
  for (const char* host : {"0.0.0.0", "::", "192.168.1.20", "8.8.8.8"}) {
    const Error error = refused(R"({"listen": {"host": ")" + std::string{host} + "\"}}");
    EXPECT_EQ(error.field, "listen.host");
    EXPECT_NE(error.message.find("unencrypted"), std::string::npos) << error.message;
  }
}

TEST_F(ConfigTest, WithACertificateEveryAddressIsTakenAndItsFilesStartAtTheFolderOfTheFile) {
  for (const char* host : {"0.0.0.0", "::", "192.168.1.20"}) {
    const auto config =
        load(R"({"listen": {"tls": {"certificate": "c.pem", "key": "/k.pem"}, "host": ")" +
             std::string{host} + "\"}}");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->is_reachable());
    EXPECT_EQ(config->listen.tls.certificate, folder_.path() / "etc/c.pem");
    EXPECT_EQ(config->listen.tls.key, "/k.pem");
    EXPECT_TRUE(config->listen.tls.client_ca.empty());
  }
  EXPECT_FALSE(load("{}")->is_reachable());
}

TEST_F(ConfigTest, OneFileOfTlsAloneIsRefusedAndNamesTheOther) {
  EXPECT_EQ(refused(R"({"listen": {"tls": {"certificate": "c.pem"}}})").field, "listen.tls.key");
  EXPECT_EQ(refused(R"({"listen": {"tls": {"key": "k.pem"}}})").field, "listen.tls.certificate");
  EXPECT_EQ(refused(R"({"listen": {"tls": {"client_ca": "a.pem"}}})").field,
            "listen.tls.certificate");
}

TEST_F(ConfigTest, EveryLoopbackAddressIsTaken) {
  for (const char* host : {"127.0.0.1", "127.8.9.10", "::1", "localhost"}) {
    EXPECT_TRUE(load(R"({"listen": {"host": ")" + std::string{host} + "\"}}")) << host;
  }
  EXPECT_EQ(refused(R"({"listen": {"host": "camera-server"}})").field, "listen.host");
}

TEST_F(ConfigTest, TheEnvironmentFillsStringsInAndAnUnsetVariableNamesTheKey) {
  ::setenv("BULKHEAD_TEST_DIR", "/srv/bulkhead", 1);
  const auto config = load(R"({"state_dir": "${BULKHEAD_TEST_DIR}/state"})");
  ::unsetenv("BULKHEAD_TEST_DIR");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->state_dir, "/srv/bulkhead/state");
  EXPECT_EQ(refused(R"({"state_dir": "${BULKHEAD_TEST_DIR}"})").field, "state_dir");
}

TEST_F(ConfigTest, StateLivesWhereXdgSaysAndElseInTheHomeFolder) {
  const std::string home_before = ::getenv("HOME") != nullptr ? ::getenv("HOME") : "";
  ::setenv("HOME", "/home/op", 1);
  ::setenv("XDG_STATE_HOME", "/xdg", 1);
  EXPECT_EQ(Config::load({}, {})->state_dir, "/xdg/bulkhead");
  ::setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
  EXPECT_EQ(Config::load({}, {})->state_dir, "/home/op/.local/state/bulkhead");
  ::unsetenv("XDG_STATE_HOME");
  ::unsetenv("HOME");
  EXPECT_EQ(refused("{}").field, "state_dir");
  EXPECT_TRUE(load(R"({"state_dir": "/s"})"));
  if (!home_before.empty()) ::setenv("HOME", home_before.c_str(), 1);
}

class PipelineFilesTest : public ConfigTest {
 protected:
  Config config() { return *load(R"({"pipelines_dir": "pipelines"})"); }
  static std::string pipeline_text(const std::string& name) {
    return R"({"name": ")" + name +
           R"(", "stages": [{"type": "detect", "model": "yolo11n"}]} // a comment)";
  }
};

TEST_F(PipelineFilesTest, ANameIsReadFromItsFileEachTime) {
  folder_.write("etc/pipelines/gate.json", pipeline_text("gate"));
  const auto pipeline = config().pipeline("gate");
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  EXPECT_EQ(pipeline->detect.model, "yolo11n");
}

TEST_F(PipelineFilesTest, AnUnknownNameIsNotFoundAndTheKnownOnesAreListed) {
  folder_.write("etc/pipelines/gate.json", pipeline_text("gate"));
  folder_.write("etc/pipelines/attic.json", pipeline_text("attic"));
  folder_.write("etc/pipelines/notes.txt", "");
  folder_.write("etc/pipelines/pipeline.schema.json", "{}");
  const auto pipeline = config().pipeline("gte");
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().code, ErrorCode::NotFound);
  EXPECT_NE(pipeline.error().message.find("known: attic, gate"), std::string::npos)
      << pipeline.error().message;
}

TEST_F(PipelineFilesTest, ANameThatLeavesTheFolderIsRefusedBeforeAnyFileIsOpened) {
  folder_.write("etc/secret.json", pipeline_text("secret"));
  const std::string too_long(65, 'a');
  for (const std::string& name : {std::string{"../secret"}, std::string{}, std::string{".hidden"},
                                  std::string{"a/b"}, too_long}) {
    const auto pipeline = config().pipeline(name);
    ASSERT_FALSE(pipeline) << name;
    EXPECT_EQ(pipeline.error().code, ErrorCode::InvalidParams) << name;
  }
}

TEST_F(PipelineFilesTest, ABadFileIsNamedTogetherWithTheFieldAtFault) {
  folder_.write("etc/pipelines/gate.json",
                R"({"name": "gate", "stages": [{"type": "detect", "modle": "yolo11n"}]})");
  const auto pipeline = config().pipeline("gate");
  ASSERT_FALSE(pipeline);
  EXPECT_NE(pipeline.error().message.find("gate.json: stages[0].modle"), std::string::npos)
      << pipeline.error().message;
}

TEST_F(PipelineFilesTest, AFileThatCallsItselfOtherwiseIsRefused) {
  folder_.write("etc/pipelines/gate.json", pipeline_text("yard"));
  const auto pipeline = config().pipeline("gate");
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().field, "name");
}

TEST_F(ConfigTest, FilesOfSinksAreTakenFromTheFolderOfTheFileAndNoPasswordIsWrittenBack) {
  const auto config = load(R"({"sinks": [
    {"name": "a", "type": "redis", "password": "pass word"},
    {"name": "b", "type": "postgres", "password_file": "b.secret"}]})");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->sinks.size(), 2U);
  EXPECT_EQ(std::get<RedisSinkSpec>(config->sinks[0].place).account.password, "pass word");
  EXPECT_EQ(std::get<PostgresSinkSpec>(config->sinks[1].place).account.password_file,
            (folder_.path() / "etc/b.secret").string());
  EXPECT_EQ(config->to_json().dump().find("pass word"), std::string::npos);
}

TEST_F(ConfigTest, AnErrorOfASinkNamesItsPlaceInTheList) {
  EXPECT_EQ(refused(R"({"sinks": [{"name": "a", "type": "redis", "prot": 1}]})").field,
            "sinks[0].prot");
}

}  // namespace
}  // namespace bulkhead::supervisor
