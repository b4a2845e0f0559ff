#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/control/base64.hpp"
#include "supervisor/control/embedded.hpp"
#include "supervisor/control/session_json.hpp"
#include "supervisor/control/subscriber.hpp"
#include "tests/support/control_stack.hpp"
#include "tests/support/session_views.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class MethodsTest : public ::testing::Test {
 protected:
  Result<std::string> call(const std::string& method, const json& params, const Caller& caller) {
    std::optional<Result<std::string>> outcome;
    (*stack_.context->methods.find(method))(
        caller, params, [&](Result<std::string> result) { outcome = std::move(result); });
    stack_.run_until(outcome);
    return outcome.value();
  }
  Result<std::string> call(const std::string& method, const json& params) {
    return call(method, params, client_);
  }

  testing::ControlStack stack_;
  Caller client_{.connection = 1,
                 .subscriber = std::make_shared<Subscriber>(stack_.hub, ControlLimits{}, [] {})};
};

json described_methods() { return json::parse(kOpenRpcText).at("methods"); }

TEST_F(MethodsTest, TheDescriptionNamesExactlyTheMethodsThereAre) {
  std::vector<std::string> described;
  for (const json& method : described_methods()) described.push_back(method["name"]);
  std::sort(described.begin(), described.end());
  EXPECT_EQ(described, stack_.context->methods.names());
}

TEST_F(MethodsTest, EveryDescribedParameterIsKnownAndEveryOtherIsRefused) {
  // Some read on only once they know whose parameters they are.
  constexpr auto* kId = "subscriptionIdentifier";
  const json pipeline{{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}};
  ASSERT_TRUE(call("session.subscribe",
                   {{kId, "cam"}, {"rtspUrl", "rtsp://127.0.0.1/"}, {"pipeline", pipeline}}));
  for (const json& method : described_methods()) {
    const std::string name = method["name"];
    json params = json::object();
    // An object is a value of the wrong type for each parameter but those that are objects.
    for (const json& param : method["params"]) params[param["name"]] = json::object();
    params["filter"] = params.contains("filter") ? json::object() : json();
    params["policy"] = params.contains("policy") ? json::object() : json();
    params["noSuchParameter"] = 1;
    const auto refused = call(name, params);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams) << name;

    for (const json& param : method["params"]) {
      const std::string key = param["name"];
      json with_one{{key, json::array({json::array()})}};
      if (key != kId && params.contains(kId)) with_one[kId] = "cam";
      const auto wrong = call(name, with_one);
      ASSERT_FALSE(wrong) << name << " " << key;
      EXPECT_EQ(wrong.error().message.find("is not known"), std::string::npos)
          << name << " does not know " << key << ": " << wrong.error().message;
    }
  }
}

TEST_F(MethodsTest, TheDescriptionNamesEveryState) {
  const auto states = json::parse(kOpenRpcText)["components"]["schemas"]["SessionState"]["enum"];
  EXPECT_EQ(states.size(), 13U);
  for (int i = 0; i < 13; ++i) {
    EXPECT_EQ(states[static_cast<std::size_t>(i)], name_of(static_cast<SessionState>(i)));
  }
}

TEST_F(MethodsTest, AnUnknownSessionIsNotFoundAndTheFieldIsNamed) {
  for (const auto* method : {"session.get", "session.unsubscribe", "session.reconfigure",
                             "session.restart", "session.snapshot", "log.tail"}) {
    const auto outcome = call(method, {{"subscriptionIdentifier", "nobody"}});
    ASSERT_FALSE(outcome) << method;
    EXPECT_EQ(outcome.error().code, ErrorCode::NotFound) << method;
    EXPECT_EQ(outcome.error().field, "params.subscriptionIdentifier") << method;
  }
}

TEST_F(MethodsTest, DebugOfGStreamerIsAskedForWithinItsLimits) {
  const auto asked = [&](const json& categories, const json& seconds) {
    return call("log.gstDebug", {{"subscriptionIdentifier", "nobody"},
                                 {"categories", categories},
                                 {"seconds", seconds}})
        .error();
  };
  EXPECT_EQ(asked("rtspsrc:6", 1).field, "params.subscriptionIdentifier");
  EXPECT_EQ(asked("rtspsrc:6", 300).code, ErrorCode::NotFound);
  EXPECT_EQ(asked("rtspsrc:6", nullptr).code, ErrorCode::NotFound);
  EXPECT_EQ(asked("rtspsrc:6", 0).field, "params.seconds");
  EXPECT_EQ(asked("rtspsrc:6", 301).field, "params.seconds");
  EXPECT_EQ(asked("rtspsrc:9", 30).field, "params.categories");
}

TEST_F(MethodsTest, ATailNeedsAConnection) {
  const auto outcome = call("log.tail", {{"supervisor", true}}, Caller{});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::InvalidParams);
}

TEST_F(MethodsTest, AnUnknownPipelineIsNotFoundAndTheFieldIsNamed) {
  const auto outcome = call("session.subscribe", {{"subscriptionIdentifier", "cam"},
                                                  {"rtspUrl", "rtsp://camera/stream"},
                                                  {"pipeline", "nope"}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::NotFound);
  EXPECT_EQ(outcome.error().field, "params.pipeline");
  EXPECT_TRUE(stack_.sessions.list().empty());
}

TEST_F(MethodsTest, AFileAddressIsRefusedWhereTheConfigurationSaysSo) {
  Config config;
  config.sources.allow_file_urls = false;
  testing::ControlStack strict{config};
  std::optional<Result<std::string>> outcome;
  (*strict.context->methods.find("session.subscribe"))(
      client_, {{"subscriptionIdentifier", "cam"}, {"rtspUrl", "file:///clip.mp4"}},
      [&](Result<std::string> result) { outcome = std::move(result); });
  ASSERT_FALSE(outcome.value());
  EXPECT_EQ(outcome->error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(outcome->error().field, "params.rtspUrl");
}

TEST_F(MethodsTest, AnAddressThatNoCameraMayHaveIsRefusedWithTheRule) {
  const auto subscribed = [&](const std::string& url) {
    return call("session.subscribe", {{"subscriptionIdentifier", "cam"}, {"rtspUrl", url}});
  };
  stack_.sessions.set_control_port(8001);
  for (const auto& [url, rule] : {std::pair{"rtsp://169.254.169.254/", "169.254.0.0/16"},
                                  {"rtsp://[fe80::1%eth0]/", "fe80::/10"},
                                  {"rtsp://127.0.0.1:8001/", "supervisor's own"}}) {
    const auto outcome = subscribed(url);
    ASSERT_FALSE(outcome) << url;
    EXPECT_EQ(outcome.error().code, ErrorCode::AddressDenied);
    EXPECT_EQ(outcome.error().field, "params.rtspUrl");
    EXPECT_TRUE(outcome.error().message.starts_with("params.rtspUrl: ")) << outcome.error().message;
    EXPECT_NE(outcome.error().message.find(rule), std::string::npos) << outcome.error().message;
  }
  EXPECT_TRUE(stack_.sessions.list().empty());
}

TEST_F(MethodsTest, ASessionOfAConnectionNeedsOne) {
  const auto outcome = call("session.subscribe",
                            {{"subscriptionIdentifier", "cam"},
                             {"rtspUrl", "rtsp://camera/stream"},
                             {"lifetime", "connection"}},
                            Caller{});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().field, "params.lifetime");
}

TEST_F(MethodsTest, StreamsNeedAConnection) {
  for (const auto* method : {"stream.open", "stream.close", "stream.stats"}) {
    const auto outcome = call(method, {{"streamId", "s1"}}, Caller{});
    ASSERT_FALSE(outcome) << method;
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidParams) << method;
  }
}

TEST_F(MethodsTest, APolicyIsTakenAtItsLimitsAndRefusedPastThemByField) {
  for (const json& good : {json{{"important", "drop_newest"}, {"bulk", "error"}},
                           json{{"important", {{"block", 30000}}}},
                           json{{"maxRate", 10000}, {"ttlMs", 3'600'000}, {"compress", true}}}) {
    EXPECT_TRUE(call("stream.open", {{"policy", good}})) << good;
  }
  for (const auto& [bad, field] : std::initializer_list<std::pair<json, std::string>>{
           {{{"important", "block"}}, "params.policy.important"},
           {{{"bulk", "never"}}, "params.policy.bulk"},
           {{{"bulk", {{"block", 30001}}}}, "params.policy.bulk.block"},
           {{{"critical", "drop_oldest"}}, "params.policy.critical"},
           {{{"maxRate", 10000.1}}, "params.policy.maxRate"},
           {{{"ttlMs", 3'600'001}}, "params.policy.ttlMs"}}) {
    const auto outcome = call("stream.open", {{"policy", bad}});
    ASSERT_FALSE(outcome) << bad;
    EXPECT_EQ(outcome.error().field, field);
  }
}

TEST_F(MethodsTest, AStreamIsOpenedCountedAndClosed) {
  EXPECT_EQ(call("stream.open", json::object()).value(), R"({"streamId":"s1"})");
  const json stats = json::parse(call("stream.stats", {{"streamId", "s1"}}).value());
  EXPECT_EQ(stats["offeredTotal"], 0);
  EXPECT_EQ(stats["queuedMessages"], 0);
  EXPECT_EQ(stats["status"], "CONNECTED");
  EXPECT_EQ(stats["pressure"], "none");
  EXPECT_EQ(stats["capacity"], 1000);
  EXPECT_EQ(json::parse(call("system.state", json::object()).value())["streams"], 1);
  EXPECT_TRUE(call("stream.close", {{"streamId", "s1"}}));
  EXPECT_EQ(call("stream.close", {{"streamId", "s1"}}).error().code, ErrorCode::NotFound);
}

TEST_F(MethodsTest, AStreamOfItsDetectionsAsksForASessionOnDemand) {
  const json pipeline{{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}};
  ASSERT_TRUE(call("session.subscribe", {{"subscriptionIdentifier", "cam"},
                                         {"rtspUrl", "rtsp://camera/stream"},
                                         {"pipeline", pipeline},
                                         {"availability", "on_demand"}}));
  const auto desired = [&] {
    const auto got = call("session.get", {{"subscriptionIdentifier", "cam"}});
    return json::parse(got.value())["desired"];
  };
  EXPECT_EQ(desired(), "STOPPED");
  ASSERT_TRUE(call("stream.open", {{"filter", {{"kinds", {"session.state"}}}}}));
  ASSERT_TRUE(call("stream.open", {{"filter", {{"sessions", {"other"}}}}}));
  EXPECT_EQ(desired(), "STOPPED");
  ASSERT_TRUE(call("stream.open", {{"filter", {{"sessions", {"cam"}}}}}));
  EXPECT_EQ(desired(), "RUNNING");
}

TEST_F(MethodsTest, AStreamResumesAndTheFaultsOfAPositionAreNamed) {
  const json good{{{"session", "cam"}, {"generation", 1}, {"sequence", 7}}};
  EXPECT_EQ(call("stream.open", {{"resumeFrom", good}}).value(),
            R"({"replayed":0,"streamId":"s1"})");
  const auto field_of = [&](const json& given) {
    const auto outcome = call("stream.open", {{"resumeFrom", given}});
    return outcome ? "none" : outcome.error().field;
  };
  EXPECT_EQ(field_of({{{"session", "a b"}}}), "params.resumeFrom[0].session");
  EXPECT_EQ(field_of({{{"session", "cam"}, {"sequence", -1}}}), "params.resumeFrom[0].sequence");
  EXPECT_EQ(field_of({good[0], {{"session", "b"}, {"generatoin", 1}}}),
            "params.resumeFrom[1].generatoin");
  EXPECT_EQ(field_of("cam"), "params.resumeFrom");
  EXPECT_EQ(field_of(json(limits::kResumedSessions, good[0])), "none");
  EXPECT_EQ(field_of(json(limits::kResumedSessions + 1, good[0])), "params.resumeFrom");
}

TEST_F(MethodsTest, AFilterIsReadAndItsFaultsAreNamed) {
  const json whole{{"filter",
                    {{"sessions", {"cam"}},
                     {"labels", {"car"}},
                     {"minConfidence", 0.5},
                     {"kinds", {"detection"}},
                     {"emptyFrames", false}}}};
  ASSERT_TRUE(call("stream.open", whole));
  const StreamFilter& filter = (*client_.subscriber->stream("s1"))->filter();
  EXPECT_EQ(filter.sessions.begin()->text(), "cam");
  EXPECT_TRUE(filter.objects.labels.contains("car"));
  EXPECT_EQ(filter.objects.min_confidence, 0.5F);
  EXPECT_TRUE(filter.detections);
  EXPECT_FALSE(filter.states);
  EXPECT_FALSE(filter.alerts);
  EXPECT_FALSE(filter.empty_frames);

  const json states_and_alerts{{"kinds", {"session.state", "system.alert"}}};
  ASSERT_TRUE(call("stream.open", {{"filter", states_and_alerts}}));
  EXPECT_TRUE((*client_.subscriber->stream("s2"))->filter().alerts);
  EXPECT_FALSE((*client_.subscriber->stream("s2"))->filter().detections);

  const auto field_of = [&](const json& given) {
    const auto outcome = call("stream.open", {{"filter", given}});
    return outcome ? "none" : outcome.error().field;
  };
  EXPECT_EQ(field_of({{"kinds", {"weather"}}}), "params.filter.kinds");
  EXPECT_EQ(field_of({{"events", {{"kinds", {"zone.entre"}}}}}), "params.filter.events.kinds");
  EXPECT_EQ(field_of({{"events", {{"zones", {""}}}}}), "params.filter.events.zones[0]");
  EXPECT_EQ(field_of({{"events", {{"sone", {"a"}}}}}), "params.filter.events.sone");
  EXPECT_EQ(field_of({{"sessions", {"a b"}}}), "params.filter.sessions");
  EXPECT_EQ(field_of({{"minConfidence", 1.5}}), "params.filter.minConfidence");
  EXPECT_EQ(field_of({{"lables", {"car"}}}), "params.filter.lables");
}

TEST_F(MethodsTest, EventsAreChosenByKindAndZone) {
  const json filter{{"kinds", {"event"}},
                    {"events", {{"kinds", {"zone.enter", "zone.leave"}}, {"zones", {"entry"}}}}};
  ASSERT_TRUE(call("stream.open", {{"filter", filter}}));
  const StreamFilter& read = (*client_.subscriber->stream("s1"))->filter();
  EXPECT_TRUE(read.events);
  EXPECT_FALSE(read.detections || read.states || read.alerts);
  EXPECT_EQ(read.event_kinds.count(), 2U);
  EXPECT_TRUE(read.event_kinds[static_cast<std::size_t>(EventKind::ZoneLeave)]);
  EXPECT_EQ(read.event_zones, std::set<std::string>{"entry"});
}

TEST_F(MethodsTest, ZonesAreParametersOfASessionAndTheirFaultsAreNamed) {
  json asked{{"subscriptionIdentifier", "cam"},
             {"rtspUrl", "rtsp://camera/stream"},
             {"pipeline", {{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}}},
             {"zones",
              {{{"name", "entry"}, {"polygon", {{0, 0}, {1, 0}, {1, 1}}}},
               {{"name", "gate"}, {"line", {{0.5, 0}, {0.5, 1}}}}}}};
  ASSERT_TRUE(call("session.subscribe", asked));
  const json shown = json::parse(call("session.get", {{"subscriptionIdentifier", "cam"}}).value());
  EXPECT_EQ(shown["zones"][1]["line"], asked["zones"][1]["line"]);
  EXPECT_TRUE(shown["tracks"]) << "though nobody asked for tracks";
  const auto field_of = [&](const json& zones) {
    const auto changed =
        call("session.reconfigure", {{"subscriptionIdentifier", "cam"}, {"zones", zones}});
    return changed ? "none" : changed.error().field;
  };
  EXPECT_EQ(field_of({{{"name", "entry"}, {"polygon", {{0, 0}, {1, 1}, {1, 0}, {0, 1}}}}}),
            "params.zones[0].polygon");
  EXPECT_EQ(field_of({{{"name", "gate"}, {"line", {{0, 0}, {0, 0}}}}}), "params.zones[0].line");
  EXPECT_EQ(field_of(json::array()), "none");
  EXPECT_FALSE(json::parse(call("session.get", {{"subscriptionIdentifier", "cam"}}).value())
                   .contains("zones"));
}

TEST_F(MethodsTest, TheSystemTellsItsVersionTotalsAndLimits) {
  const json state = json::parse(call("system.state", json::object()).value());
  EXPECT_EQ(state["version"], BULKHEAD_VERSION);
  EXPECT_EQ(state["sessions"], json::parse(R"({"total":0,"live":0,"max":20})"));
  EXPECT_EQ(state["limits"]["messageBytes"], limits::kJsonBytes);
  EXPECT_FALSE(state["host"].get<std::string>().empty());
}

TEST(SessionJsonTest, ASessionIsShownWholeAndWithoutItsSecrets) {
  SessionView view =
      testing::sample_view("cam", "rtsp://operator:S3cret-pw@camera/stream?token=S3cret-token");
  view.state = SessionState::BackingOff;
  view.reason = ErrorCode::WorkerDied;
  view.generation = 4;
  view.pid = 4711;
  view.model = testing::sample_model("m");
  view.counters.frames_received_total = 9;
  view.restarts_total = 3;
  view.restarts_by_reason = {{"WORKER_DIED", 3}};
  ExitRecord killed;
  killed.signal = 9;
  killed.stage = ipc::Stage::Inferring;
  killed.peak_rss_bytes = 4096;
  killed.last_log_lines = {"before", "last"};
  ExitRecord failed;
  failed.exit_code = 1;
  view.last_exits = {killed, failed};
  view.memory_limit = {.bytes = 1024, .enforcement = MemoryEnforcement::Cgroup2};
  const json full = session_json(view, SessionDetail::Full);
  EXPECT_EQ(full.dump().find("S3cret"), std::string::npos);
  EXPECT_EQ(full["state"], "BACKING_OFF");
  EXPECT_EQ(full["reason"], "WORKER_DIED");
  EXPECT_EQ(full["worker"]["pid"], 4711);
  EXPECT_EQ(full["model"]["labels"], json::array({"person"}));
  EXPECT_EQ(full["counters"]["framesReceivedTotal"], 9);
  EXPECT_EQ(full["counters"]["lastFrameAgeMs"], nullptr);
  EXPECT_EQ(full["restarts"]["byReason"]["WORKER_DIED"], 3);
  EXPECT_EQ(full["memoryLimit"], (json{{"bytes", 1024}, {"enforcedBy", "cgroup2"}}));
  EXPECT_EQ(full["lastExits"][0]["signal"], 9);
  EXPECT_EQ(full["lastExits"][0]["exitCode"], nullptr);
  EXPECT_EQ(full["lastExits"][0]["stage"], "INFERRING");
  EXPECT_EQ(full["lastExits"][0]["peakRssBytes"], 4096);
  EXPECT_EQ(full["lastExits"][0]["lastLogLines"], json::array({"before", "last"}));
  EXPECT_FALSE(session_json(view, SessionDetail::Brief)["lastExits"][0].contains("lastLogLines"));
  EXPECT_EQ(full["lastExits"][1]["exitCode"], 1);
  EXPECT_EQ(full["lastExits"][1]["signal"], nullptr);

  EXPECT_EQ(full["context"], nullptr);
  EXPECT_EQ(full["stage"], nullptr);
  view.context = {.id = "shop-17", .stage = "paid"};
  EXPECT_EQ(session_json(view, SessionDetail::Brief)["context"], "shop-17");
  EXPECT_EQ(session_json(view, SessionDetail::Brief)["stage"], "paid");

  EXPECT_EQ(full["confinement"], nullptr) << "it has not told any yet";
  view.confinement = ipc::Confined{.landlock = 7,
                                   .syscall_filter = true,
                                   .uid = 998,
                                   .tcp_ports = std::vector<std::uint16_t>{554},
                                   .missing = {"a gap"}};
  EXPECT_EQ(session_json(view, SessionDetail::Full)["confinement"], json::parse(R"({
    "landlock": 7, "tcpPorts": [554], "systemCallFilter": true, "uid": 998, "missing": ["a gap"]})"));
  view.confinement->tcp_ports.reset();
  EXPECT_EQ(session_json(view, SessionDetail::Full)["confinement"]["tcpPorts"], nullptr);

  view.pid = -1;
  const json brief = session_json(view, SessionDetail::Brief);
  EXPECT_FALSE(brief["model"].contains("labels"));
  EXPECT_EQ(brief["worker"], nullptr);
}

TEST(Base64Test, MatchesTheExamplesOfTheSpecification) {
  const auto of = [](std::string_view text) {
    return base64(std::as_bytes(std::span{text.data(), text.size()}));
  };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foob"), "Zm9vYg==");
  EXPECT_EQ(of("\xFF\xFE\xFD"), "//79");
}

}  // namespace
}  // namespace bulkhead::supervisor
