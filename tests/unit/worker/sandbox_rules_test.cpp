#include "worker/sandbox/sandbox_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bulkhead::worker {
namespace {

using Ports = std::vector<std::uint16_t>;

ipc::StartMessage start_for(const std::string& url) {
  ipc::StartMessage start{
      .spec = {.id = SubscriptionId::parse("cam").value(),
               .url = RtspUrl::parse(url).value(),
               .pipeline = PipelineSpec{.name = "test", .detect = {}, .crops = {}},
               .pipeline_name = {},
               .log_level = "info"},
      .log_file = "/state/logs/cam.log",
      .model_dir = "/models",
      .model_catalog = "/config/models.json",
      .model_cache = "/state/models"};
  start.spec.pipeline->detect.model = "yolo11n";
  return start;
}

bool has(const SandboxRules& rules, const FileRule& wanted) {
  return std::ranges::find(rules.files, wanted) != rules.files.end();
}

bool mentions(const SandboxRules& rules, const std::string& path) {
  return std::ranges::any_of(rules.files, [&](const FileRule& rule) { return rule.path == path; });
}

SandboxRules rules_for(const std::string& url) {
  return sandbox_rules(start_for(url), "/state/cache", {"/lib"});
}

TEST(SandboxRulesTest, AWorkerReadsModelsAppendsToLogsAndKeepsItsCache) {
  const SandboxRules rules = rules_for("rtsp://192.0.2.7/live");
  EXPECT_TRUE(has(rules, {"/lib", FileAccess::Read}));
  EXPECT_TRUE(has(rules, {"/models", FileAccess::Read}));
  EXPECT_TRUE(has(rules, {"/config/models.json", FileAccess::Read}));
  EXPECT_TRUE(has(rules, {"/state/models", FileAccess::Read}));
  EXPECT_TRUE(has(rules, {"/state/logs", FileAccess::Append}));
  EXPECT_TRUE(has(rules, {"/state/cache/models", FileAccess::Keep}));
  EXPECT_TRUE(has(rules, {"/state/cache", FileAccess::Read}));
  EXPECT_FALSE(mentions(rules, "yolo11n")) << "a name is no path";
}

TEST(SandboxRulesTest, AFetchWritesNoFileOfItsOwnAndAnUnpackingConnectsToNothing) {
  ipc::FetchJob job{
      .url = ModelUrl::parse("https://a.example:8443/m#sha256=" + std::string(64, '0')).value(),
      .ca_file = "/etc/our.pem"};
  const SandboxRules fetch = fetch_rules(job, {"/lib"});
  EXPECT_EQ(fetch.tcp_ports, (Ports{8443, 443, 53}));
  EXPECT_TRUE(has(fetch, {"/etc/our.pem", FileAccess::Read}));
  EXPECT_TRUE(std::ranges::all_of(
      fetch.files, [](const FileRule& rule) { return rule.access == FileAccess::Read; }));
  job = {.kind = ipc::FetchJob::Kind::Unpack, .folder = "/state/bundles/new"};
  const SandboxRules unpack = fetch_rules(job, {"/lib"});
  EXPECT_EQ(unpack.tcp_ports, Ports{});
  EXPECT_EQ(unpack.local_sockets, LocalSockets::Refused);
  EXPECT_TRUE(has(unpack, {"/state/bundles/new", FileAccess::Keep}));
  EXPECT_FALSE(mentions(unpack, "/etc/resolv.conf"));
}

TEST(SandboxRulesTest, OnlyThePortOfTheAddressIsOpen) {
  EXPECT_EQ(rules_for("rtsp://192.0.2.7/live").tcp_ports, Ports{554});
  EXPECT_EQ(rules_for("rtsp://[2001:db8::7]:8554/live").tcp_ports, Ports{8554});
  EXPECT_EQ(rules_for("rtsps://192.0.2.7/live").tcp_ports, Ports{322});
  EXPECT_EQ(rules_for("file:///clips/a.mp4").tcp_ports, Ports{});
}

TEST(SandboxRulesTest, ANameNeedsTheResolverAndANumberDoesNot) {
  const SandboxRules named = rules_for("rtsp://gate.example/live");
  EXPECT_TRUE(mentions(named, "/etc/resolv.conf"));
  EXPECT_EQ(named.tcp_ports, (Ports{554, 53}));
  EXPECT_EQ(named.local_sockets, LocalSockets::Allowed);
  for (const char* url : {"rtsp://192.0.2.7/live", "rtsp://[2001:db8::7]/", "file:///clips/a"}) {
    EXPECT_FALSE(mentions(rules_for(url), "/etc/resolv.conf")) << url;
    EXPECT_EQ(rules_for(url).local_sockets, LocalSockets::Refused) << url;
  }
}

TEST(SandboxRulesTest, CertificatesAreReadOnlyForACameraBehindTls) {
  EXPECT_TRUE(mentions(rules_for("rtsps://192.0.2.7/live"), "/etc/ssl"));
  EXPECT_FALSE(mentions(rules_for("rtsp://192.0.2.7/live"), "/etc/ssl"));
}

TEST(SandboxRulesTest, ForItsSinksAWorkerKeepsItsOwnFoldersAndReachesTheirPorts) {
  ipc::StartMessage start = start_for("rtsp://192.0.2.7/live");
  start.spool_dir = "/state/spool/cam";
  start.history_dir = "/state/history/cam";
  EXPECT_FALSE(mentions(sandbox_rules(start, "/state/cache", {}), "/state/spool/cam"));
  RedisSinkSpec redis;
  redis.account.port = 6380;
  start.sinks = {{"history", SqliteSinkSpec{}}, {"live", redis}};
  const SandboxRules near = sandbox_rules(start, "/state/cache", {});
  EXPECT_TRUE(has(near, {"/state/spool/cam", FileAccess::Keep}));
  EXPECT_TRUE(has(near, {"/state/history/cam", FileAccess::Keep}));
  EXPECT_FALSE(mentions(near, "/state/spool"));
  EXPECT_EQ(near.tcp_ports, (Ports{554, 6380}));
  EXPECT_FALSE(mentions(near, "/etc/ssl"));
  PostgresSinkSpec postgres;
  postgres.account.host = "db.example";
  postgres.root_certificate = "/etc/bulkhead/ca.pem";
  start.sinks.push_back({"archive", postgres});
  const SandboxRules far = sandbox_rules(start, "/state/cache", {});
  EXPECT_EQ(far.tcp_ports, (Ports{554, 6380, 5432, 53}));
  EXPECT_TRUE(mentions(far, "/etc/resolv.conf"));
  EXPECT_TRUE(mentions(far, "/etc/ssl"));
  EXPECT_TRUE(has(far, {"/etc/bulkhead/ca.pem", FileAccess::Read}));
}

TEST(SandboxRulesTest, AnActionReachesItsServerAsAnySinkDoes) {
  ipc::StartMessage start = start_for("rtsp://192.0.2.7/live");
  start.spool_dir = "/state/spool/cam";
  start.history_dir = "/state/history/cam";
  RedisPublishSpec publish;
  publish.account.port = 6380;
  PostgresUpsertSpec upsert;
  upsert.root_certificate = "/etc/bulkhead/ca.pem";
  start.sinks = {{"tell", publish}, {"rows", upsert}};
  const SandboxRules rules = sandbox_rules(start, "/state/cache", {});
  EXPECT_EQ(rules.tcp_ports, (Ports{554, 6380, 5432}));
  EXPECT_TRUE(has(rules, {"/etc/bulkhead/ca.pem", FileAccess::Read}));
}

TEST(SandboxRulesTest, AClipAndAModelOfTheOperatorsAreReadByThemselves) {
  ipc::StartMessage start = start_for("file:///clips/a%20b.mp4");
  start.spec.pipeline->detect.model = "/home/operator/own.onnx";
  const SandboxRules rules = sandbox_rules(start, "/state/cache", {});
  EXPECT_TRUE(has(rules, {"/clips/a b.mp4", FileAccess::Read}));
  EXPECT_TRUE(has(rules, {"/home/operator/own.onnx", FileAccess::Read}));
  EXPECT_FALSE(mentions(rules, "/clips"));
  EXPECT_FALSE(mentions(rules, "/home/operator"));
}

TEST(SandboxRulesTest, ANumericHostIsOneThatNobodyNeedsToBeAskedFor) {
  for (const char* host : {"192.0.2.7", "2001:db8::7", "fe80::1%eth0", "::1"}) {
    EXPECT_TRUE(is_numeric_host(host)) << host;
  }
  for (const char* host : {"localhost", "gate.example", "192.0.2", "1", "2001:db8::g"}) {
    EXPECT_FALSE(is_numeric_host(host)) << host;
  }
}

TEST(SandboxRulesTest, TheFoldersOfLibrariesAreThoseOfThisProgram) {
  const auto folders = library_folders();
  EXPECT_TRUE(std::ranges::any_of(folders, [](const std::filesystem::path& folder) {
    return std::filesystem::exists(folder / "libc.so.6");
  }));
  EXPECT_TRUE(std::ranges::none_of(folders, [](const auto& folder) { return folder == "/"; }));
}

}  // namespace
}  // namespace bulkhead::worker
