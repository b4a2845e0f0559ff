#include "common/session_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bulkhead {
namespace {

using nlohmann::json;
using Secrets = SessionSpec::Secrets;

json smallest_session() {
  return {{"subscriptionIdentifier", "d;c"}, {"rtspUrl", "rtsp://admin:s3cret@cam/a?token=s3cret"}};
}

json with(const std::string& key, const json& value) {
  json params = smallest_session();
  params[key] = value;
  return params;
}

json clip() { return with("rtspUrl", "file:///srv/clip.mp4"); }

json nightly() {
  json params = with("availability", "scheduled");
  params["schedule"] = {{{"from", "22:00"}, {"to", "06:00"}}};
  return params;
}

json inline_pipeline() {
  return {{"name", "cars"}, {"stages", {{{"type", "detect"}, {"model", "yolox_nano"}}}}};
}

SessionSpec parsed(const json& params) {
  auto spec = SessionSpec::from_json(params, "params");
  EXPECT_TRUE(spec) << params << spec.error().message;
  return spec.value();
}

Error session_failure(const json& params) {
  const auto spec = SessionSpec::from_json(params, "params");
  EXPECT_FALSE(spec) << params;
  return spec ? Error{ErrorCode::None, {}, {}} : spec.error();
}

TEST(SessionSpec, TwoFieldsAreEnough) {
  const SessionSpec spec = parsed(smallest_session());
  EXPECT_EQ(spec.id.text(), "d;c");
  EXPECT_EQ(spec.url.host, "cam");
  EXPECT_EQ(spec.url.password, "s3cret");
  EXPECT_EQ(spec.pipeline, std::nullopt);
  EXPECT_EQ(spec.pipeline_name, "");
  EXPECT_EQ(spec.transport, Transport::Tcp);
  EXPECT_EQ(spec.lifetime, Lifetime::Persistent);
  EXPECT_EQ(spec.availability, Availability::Always);
  EXPECT_EQ(spec.pace, Pace::Realtime);
  EXPECT_FALSE(spec.loop);
  EXPECT_EQ(spec.log_level, "info");
}

TEST(SessionSpec, EveryFieldIsRead) {
  json params = clip();
  params.update({{"pipeline", "cars"},
                 {"transport", "udp"},
                 {"lifetime", "connection"},
                 {"availability", "intermittent"},
                 {"pace", "flat_out"},
                 {"loop", true},
                 {"priority", 9},
                 {"maxRtspConnections", 2},
                 {"logLevel", "debug"}});
  const SessionSpec spec = parsed(params);
  EXPECT_EQ(spec.pipeline_name, "cars");
  EXPECT_EQ(spec.pipeline, std::nullopt);
  EXPECT_EQ(spec.transport, Transport::Udp);
  EXPECT_EQ(spec.lifetime, Lifetime::Connection);
  EXPECT_EQ(spec.availability, Availability::Intermittent);
  EXPECT_EQ(spec.pace, Pace::FlatOut);
  EXPECT_TRUE(spec.loop);
  EXPECT_EQ(spec.priority, 9U);
  EXPECT_EQ(spec.max_rtsp_connections, 2U);
  EXPECT_EQ(spec.log_level, "debug");
  EXPECT_EQ(spec.to_json(Secrets::Kept), params);
}

TEST(SessionSpec, APipelineMayBeInline) {
  const SessionSpec spec = parsed(with("pipeline", inline_pipeline()));
  ASSERT_TRUE(spec.pipeline);
  EXPECT_EQ(spec.pipeline->detect.model, "yolox_nano");
  EXPECT_EQ(spec.pipeline_name, "");
}

TEST(SessionSpec, TheJsonForOthersNeverHoldsCredentials) {
  json params = smallest_session();
  for (const bool separate : {false, true}) {
    if (separate) params["credentials"] = {{"username", "admin"}, {"password", "s3cret"}};
    const std::string text = parsed(params).to_json(Secrets::Hidden).dump();
    EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
    EXPECT_EQ(text.find("admin"), std::string::npos) << text;
    EXPECT_NE(text.find("rtsp://cam/a?token=***"), std::string::npos) << text;
  }
}

TEST(SessionSpec, TheJsonForTheWorkerReadsBackAsAnEqualSpec) {
  for (const json& params :
       {smallest_session(), clip(), with("pipeline", inline_pipeline()), with("pipeline", "cars"),
        with("availability", "on_demand"), nightly(), with("rtspUrl", "rtsp://:p%40ss@cam"),
        with("rtspUrl", "rtsps://[::1]/?a=1"), with("credentials", {{"username", "bob"}})}) {
    const SessionSpec spec = parsed(params);
    EXPECT_EQ(parsed(spec.to_json(Secrets::Kept)), spec) << params;
  }
}

TEST(SessionSpec, CredentialsBesideTheAddressReplaceThoseInsideIt) {
  const SessionSpec spec =
      parsed(with("credentials", {{"username", "bob"}, {"password", "p@ss/w"}}));
  EXPECT_EQ(spec.url.user, "bob");
  EXPECT_EQ(spec.url.password, "p@ss/w");
}

TEST(SessionSpec, TheSameParametersInAnotherFormAreEqual) {
  const SessionSpec inside = parsed(with("rtspUrl", "rtsp://bob:p%40ss@cam:554/a"));
  json params = with("rtspUrl", "RTSP://cam/a");
  params["credentials"] = {{"username", "bob"}, {"password", "p@ss"}};
  params["transport"] = "tcp";
  params["loop"] = nullptr;
  EXPECT_EQ(parsed(params), inside);
}

TEST(SessionSpec, OtherParametersAreNotEqual) {
  const SessionSpec spec = parsed(smallest_session());
  for (const json& params :
       {with("rtspUrl", "rtsp://admin:other@cam/a?token=s3cret"), with("transport", "udp"),
        with("lifetime", "connection"), with("logLevel", "debug"), with("maxRtspConnections", 64),
        with("pipeline", "cars"), with("pipeline", inline_pipeline()),
        with("subscriptionIdentifier", "d;e")}) {
    EXPECT_NE(parsed(params), spec) << params;
  }
}

TEST(SessionSpec, AMissingFieldIsNamed) {
  json params = smallest_session();
  params.erase("rtspUrl");
  EXPECT_EQ(session_failure(params).field, "params.rtspUrl");
  params = smallest_session();
  params.erase("subscriptionIdentifier");
  EXPECT_EQ(session_failure(params).message,
            "params.subscriptionIdentifier: is missing; give a string");
  EXPECT_EQ(session_failure(json::array()).field, "params");
}

TEST(SessionSpec, AMisspeltKeyIsRefusedWithTheNearestName) {
  EXPECT_EQ(session_failure(with("Transport", "udp")).message,
            "params.Transport: is not known; did you mean \"transport\"?");
  json params = smallest_session();
  params["subscriptionIdentifer"] = params["subscriptionIdentifier"];
  params.erase("subscriptionIdentifier");
  EXPECT_EQ(session_failure(params).message,
            "params.subscriptionIdentifer: is not known; did you mean "
            "\"subscriptionIdentifier\"?");
}

TEST(SessionSpec, EveryBadFieldIsRefusedByItsPath) {
  struct Case {
    const char* key;
    json value;
    const char* field;
  };
  for (const Case& c : {
           Case{"subscriptionIdentifier", "..", "params.subscriptionIdentifier"},
           Case{"subscriptionIdentifier", 7, "params.subscriptionIdentifier"},
           Case{"rtspUrl", "http://cam/", "params.rtspUrl"},
           Case{"rtspUrl", "", "params.rtspUrl"},
           Case{"pipeline", "../etc", "params.pipeline"},
           Case{"pipeline", "", "params.pipeline"},
           Case{"pipeline", 7, "params.pipeline"},
           Case{"pipeline", json::object(), "params.pipeline.name"},
           Case{"transport", "tpc", "params.transport"},
           Case{"lifetime", true, "params.lifetime"},
           Case{"pace", "slow", "params.pace"},
           Case{"loop", 1, "params.loop"},
           Case{"priority", 10, "params.priority"},
           Case{"priority", -1, "params.priority"},
           Case{"maxRtspConnections", 65, "params.maxRtspConnections"},
           Case{"maxRtspConnections", -1, "params.maxRtspConnections"},
           Case{"logLevel", "verbose", "params.logLevel"},
           Case{"credentials", "bob:x", "params.credentials"},
           Case{"credentials", {{"user", "bob"}}, "params.credentials.user"},
           Case{"credentials", {{"password", 1}}, "params.credentials.password"},
           Case{
               "credentials", {{"password", std::string(257, 'p')}}, "params.credentials.password"},
       }) {
    const Error error = session_failure(with(c.key, c.value));
    EXPECT_EQ(error.field, c.field);
    EXPECT_EQ(error.code, ErrorCode::InvalidParams);
    EXPECT_TRUE(error.message.starts_with(c.field)) << error.message;
  }
  EXPECT_EQ(parsed(with("credentials", {{"password", std::string(256, 'p')}})).url.password.size(),
            256U);
}

TEST(SessionSpec, ErrorsNeverRepeatThePassword) {
  for (const json& params :
       {with("rtspUrl", "rtsp://admin:s3cret/x@cam/"), with("rtspUrl", {"s3cret"}),
        with("credentials", "admin:s3cret"), with("credentials", {{"password", "s3cret\n"}}),
        with("credentials", {{"password", {"s3cret"}}}), with("pipeline", {"s3cret"})}) {
    EXPECT_EQ(session_failure(params).message.find("s3cret"), std::string::npos) << params;
  }
}

TEST(SessionSpec, PaceAndLoopBelongToClips) {
  EXPECT_EQ(session_failure(with("loop", true)).field, "params.loop");
  EXPECT_EQ(session_failure(with("pace", "flat_out")).field, "params.pace");
  parsed(with("loop", false));
  parsed(with("pace", "realtime"));
}

TEST(SessionSpec, AClipTakesNoCredentials) {
  json params = clip();
  params["credentials"] = {{"username", "bob"}};
  EXPECT_EQ(session_failure(params).field, "params.credentials");
}

}  // namespace
}  // namespace bulkhead
