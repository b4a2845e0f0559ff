#include "supervisor/control/http_routes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "supervisor/control/embedded.hpp"
#include "supervisor/control/origin.hpp"
#include "tests/support/control_stack.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class HttpRoutesTest : public ::testing::Test {
 protected:
  HttpReply ask(const std::string& method, const std::string& target,
                const std::string& body = {}) {
    std::optional<HttpReply> outcome;
    stack_.context->routes.answer({.method = method, .target = target, .body = body},
                                  [&](HttpReply reply) { outcome = std::move(reply); });
    stack_.run_until(outcome);
    return outcome.value();
  }

  testing::ControlStack stack_;
};

TEST_F(HttpRoutesTest, HealthReadinessMetricsSystemAndPageAnswer) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200U);
  const HttpReply ready = ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 200U) << "nothing wanted is nothing missing";
  EXPECT_EQ(json::parse(ready.body)["wanted"], 0);
  EXPECT_TRUE(ask("GET", "/metrics").body.starts_with("# HELP bulkhead_"));
  EXPECT_EQ(json::parse(ask("GET", "/api/v1/system?x=1").body)["sessions"]["total"], 0);
  EXPECT_EQ(json::parse(ask("GET", "/api/v1/sessions").body)["sessions"], json::array());
  EXPECT_EQ(json::parse(ask("GET", "/api/v1/openrpc.json").body)["openrpc"], "1.2.6");
  EXPECT_TRUE(ask("GET", "/").content_type.starts_with("text/html"));
}

TEST_F(HttpRoutesTest, UnknownPathsAndSessionsAreNotFound) {
  for (const auto* target :
       {"/x", "/api/v1", "/api/v1/sessionsx", "/api/v1/sessions/", "/api/v1/sessions/cam/nothing",
        "/api/v1/sessions/%zz", "/healthz/", ""}) {
    EXPECT_EQ(ask("GET", target).status, 404U) << target;
  }
  const HttpReply unknown = ask("GET", "/api/v1/sessions/display%3Bcam");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(json::parse(unknown.body)["error"]["code"], "NOT_FOUND");
  EXPECT_EQ(ask("GET", "/api/v1/sessions/cam/snapshot.jpg").status, 404U);
}

TEST_F(HttpRoutesTest, AWrongVerbIsToldWhichThereAre) {
  const HttpReply reply = ask("DELETE", "/api/v1/sessions");
  EXPECT_EQ(reply.status, 405U);
  EXPECT_EQ(reply.allow, "GET, POST, PUT");
  EXPECT_EQ(ask("POST", "/healthz").allow, "GET");
  EXPECT_EQ(ask("ET", "/healthz").status, 405U);
  EXPECT_EQ(ask("POST", "/api/v1/sessions/cam").allow, "GET, DELETE, PATCH");
  EXPECT_EQ(ask("GET", "/api/v1/sessions/cam/restart").allow, "POST");
  EXPECT_EQ(ask("DELETE", "/api/v1/models").allow, "GET, POST");
  EXPECT_EQ(ask("GET", "/api/v1/bundles/yard").allow, "DELETE");
  EXPECT_EQ(ask("DELETE", "/api/v1/models/x").status, 404U) << "models go by themselves";
}

TEST_F(HttpRoutesTest, EachMethodHasTheRouteThatItsDescriptionNamesOrAReasonToHaveNone) {
  MethodTable spies;
  std::string called;
  for (const std::string& name : stack_.context->methods.names()) {
    spies.add(name, stack_.context->methods.access_of(name),
              [&called, name](const Caller&, const json&, const Reply& reply) {
                called = name;
                reply(std::string{"{}"});
              });
  }
  const HttpRoutes routes{stack_.context->services, spies};
  const std::set<std::string> of_another_type{"session.snapshot", "log.tail", "history.snapshot"};
  const json description = json::parse(kOpenRpcText);
  for (const json& method : description["methods"]) {
    const std::string name = method["name"];
    if (!method.contains("x-http")) {
      EXPECT_FALSE(method.value("x-webSocketOnly", "").empty()) << name;
      continue;
    }
    const std::string route = method["x-http"];
    std::string target = route.substr(route.find(' ') + 1);
    if (const auto at = target.find("{id}"); at != target.npos) target.replace(at, 4, "cam");
    if (const auto at = target.find("{name}"); at != target.npos)
      target.replace(at, 6, "1767614400");
    called.clear();
    std::optional<HttpReply> reply;
    routes.answer({.method = route.substr(0, route.find(' ')), .target = target, .body = "{}"},
                  [&](HttpReply answer) { reply = std::move(answer); });
    stack_.run_until(reply);
    ASSERT_TRUE(reply) << route;
    if (of_another_type.contains(name)) {  // no method is called
      EXPECT_EQ(reply->status, 404U) << route;
      EXPECT_NE(json::parse(reply->body)["error"]["message"], "there is nothing under this path");
    } else {
      EXPECT_EQ(called, name) << route;
      EXPECT_EQ(reply->status, 200U) << route;
    }
  }
}

TEST_F(HttpRoutesTest, BadNamesAndBodiesAreBadRequests) {
  EXPECT_EQ(ask("GET", "/api/v1/sessions/cam%00").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/sessions", "{").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/sessions", "[]").status, 400U);
  const HttpReply reply = ask("POST", "/api/v1/sessions", R"({"rtspUrl":"rtsp://c/x"})");
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(json::parse(reply.body)["error"]["field"], "params.subscriptionIdentifier");
  EXPECT_EQ(ask("POST", "/api/v1/sessions/cam/restart", "{").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/sessions/cam/restart", R"({"mode":"fast"})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/sessions/cam/restart").status, 404U);
}

TEST_F(HttpRoutesTest, AContextAndItsStageAreTakenWithinTheirLimitsAndNotLeftOut) {
  for (const auto& [path, key, most] :
       {std::tuple{"context", "context", 128}, std::tuple{"progress", "stage", 64}}) {
    const auto ask_with = [&, path = path](const json& body) {
      return ask("POST", std::string{"/api/v1/sessions/nobody/"} + path, body.dump());
    };
    const std::string longest(static_cast<std::size_t>(most), 'x');
    EXPECT_EQ(ask_with({{key, longest}}).status, 404U) << "there is no such session";
    EXPECT_EQ(ask_with({{key, nullptr}}).status, 404U);
    for (const std::string& text :
         {longest + 'x', std::string{}, std::string{"a\nb"}, std::string{"\xC2\x85"}}) {
      const HttpReply refused = ask_with({{key, text}});
      EXPECT_EQ(refused.status, 400U);
      EXPECT_EQ(json::parse(refused.body)["error"]["field"], std::string{"params."} + key);
    }
    const std::string missing = ask_with(json::object()).body;
    EXPECT_NE(missing.find("null to take it away"), std::string::npos) << missing;
  }
}

TEST(OriginTest, PagesOfThisMachineAndOfTheSameHostAreAllowed) {
  EXPECT_TRUE(is_allowed_origin("http://127.0.0.1:8001", "10.0.0.5:8001"));
  EXPECT_TRUE(is_allowed_origin("http://localhost:3000", "10.0.0.5:8001"));
  EXPECT_TRUE(is_allowed_origin("https://[::1]", "x"));
  EXPECT_TRUE(is_allowed_origin("http://nvr.local", "NVR.local:8001"));
  EXPECT_TRUE(is_allowed_origin("HTTP://nvr.local:80", "nvr.local"));
}

TEST(OriginTest, OtherPagesAreNot) {
  for (const auto* origin :
       {"http://example.com", "null", "", "file://", "http://", "http://127.0.0.1.example.com",
        "http://localhost.example.com", "http://127.evil", "http://nvr.local@example.com",
        "http://nvr.local.example.com", "ftp://nvr.local", "http://[::1"}) {
    EXPECT_FALSE(is_allowed_origin(origin, "nvr.local:8001")) << origin;
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
