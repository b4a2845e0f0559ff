// Who may call which method, and which sessions it sees.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "supervisor/control/subscriber.hpp"
#include "tests/support/control_stack.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class AccessMethodsTest : public ::testing::Test {
 protected:
  Caller caller(Role role, std::vector<std::string> scope = {}) {
    return {.connection = 1,
            .subscriber = std::make_shared<Subscriber>(stack_.hub, ControlLimits{}, [] {}),
            .identity = std::make_shared<const Identity>(
                Identity{.name = "ci",
                         .role = role,
                         .scope = AccessScope::parse(std::move(scope)).value(),
                         .token = 1,
                         .address = "192.0.2.1"})};
  }

  Result<std::string> call(const Caller& who, const std::string& method, const json& params) {
    std::optional<Result<std::string>> outcome;
    (*stack_.context->methods.find(method))(
        who, params, [&](Result<std::string> result) { outcome = std::move(result); });
    stack_.run_until(outcome);
    return outcome.value();
  }

  void add_session(const std::string& name) {
    const json pipeline{{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}};
    ASSERT_TRUE(call(caller(Role::Admin), "session.subscribe",
                     {{"subscriptionIdentifier", name},
                      {"rtspUrl", "rtsp://camera/stream"},
                      {"pipeline", pipeline},
                      {"availability", "on_demand"}}));
  }

  testing::ControlStack stack_;
};

TEST_F(AccessMethodsTest, EveryMethodRefusesEveryRoleBelowItsOwnAndNoOther) {
  const MethodTable& methods = stack_.context->methods;
  for (const std::string& name : methods.names()) {
    const Access& access = methods.access_of(name);
    for (const Role role : kAllRoles) {
      // A parameter that nobody knows: what is let through is refused for that.
      const auto outcome = call(caller(role), name, {{"noSuchParameter", 1}});
      ASSERT_FALSE(outcome) << name;
      const bool denied = outcome.error().code == ErrorCode::PermissionDenied;
      EXPECT_EQ(denied, !covers(role, access.role)) << name << " " << name_of(role);
    }
    EXPECT_TRUE(access.effect == Effect::Reads || access.role != Role::Viewer)
        << name << " lets a viewer change something";
  }
}

TEST_F(AccessMethodsTest, TheRolesAreThoseOfTheContract) {
  const std::map<std::string, Role> expected{
      {"session.list", Role::Viewer},      {"session.subscribe", Role::Operator},
      {"session.restart", Role::Operator}, {"session.unsubscribe", Role::Operator},
      {"stream.open", Role::Viewer},       {"system.upgrade", Role::Admin},
      {"bundle.install", Role::Admin},     {"bundle.list", Role::Viewer},
      {"bundle.remove", Role::Admin},      {"model.fetch", Role::Operator},
      {"model.list", Role::Viewer},        {"token.add", Role::Admin},
      {"token.list", Role::Admin},         {"token.revoke", Role::Admin},
      {"auth.ticket", Role::Viewer}};
  for (const auto& [name, role] : expected) {
    EXPECT_EQ(stack_.context->methods.access_of(name).role, role) << name;
  }
}

TEST_F(AccessMethodsTest, ASessionOutsideTheScopeLooksLikeNone) {
  add_session("hall-1");
  add_session("gate");
  const Caller hall = caller(Role::Operator, {"hall-*"});
  for (const auto* method : {"session.get", "session.unsubscribe", "session.reconfigure",
                             "session.restart", "session.snapshot"}) {
    const auto hidden = call(hall, method, {{"subscriptionIdentifier", "gate"}});
    const auto absent = call(caller(Role::Operator), method, {{"subscriptionIdentifier", "door"}});
    ASSERT_FALSE(hidden) << method;
    EXPECT_EQ(hidden.error().code, ErrorCode::NotFound) << method;
    EXPECT_EQ(hidden.error().message, R"(there is no session "gate")") << method;
    EXPECT_EQ(absent.error().message, R"(there is no session "door")") << method;
    EXPECT_EQ(hidden.error().field, absent.error().field) << method;
  }
  EXPECT_TRUE(call(hall, "session.get", {{"subscriptionIdentifier", "hall-1"}}));
}

TEST_F(AccessMethodsTest, ASessionOfAnotherNameCannotBeMadeOrChanged) {
  const auto outcome = call(caller(Role::Operator, {"hall-*"}), "session.subscribe",
                            {{"subscriptionIdentifier", "gate"}, {"rtspUrl", "rtsp://c/x"}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::PermissionDenied);
  EXPECT_TRUE(stack_.sessions.list().empty());
}

TEST_F(AccessMethodsTest, ListsTotalsAndPagesShowTheScopeOnly) {
  add_session("hall-1");
  add_session("gate");
  const Caller hall = caller(Role::Viewer, {"hall-*"});
  const json list = json::parse(call(hall, "session.list", json::object()).value());
  ASSERT_EQ(list["sessions"].size(), 1U);
  EXPECT_EQ(list["sessions"][0]["subscriptionIdentifier"], "hall-1");
  EXPECT_EQ(json::parse(call(hall, "system.state", json::object()).value())["sessions"]["total"],
            1);
  for (const auto* target : {"/metrics", "/readyz", "/api/v1/sessions"}) {
    std::optional<HttpReply> reply;
    stack_.context->routes.answer({.method = "GET", .target = target, .identity = hall.identity},
                                  [&](HttpReply answer) { reply = std::move(answer); });
    EXPECT_EQ(reply.value().body.find("gate"), std::string::npos) << target;
  }
  std::optional<HttpReply> picture;
  stack_.context->routes.answer(
      {.method = "GET", .target = "/api/v1/sessions/gate/snapshot.jpg", .identity = hall.identity},
      [&](HttpReply answer) { picture = std::move(answer); });
  EXPECT_EQ(picture.value().status, 404U);
}

TEST_F(AccessMethodsTest, AStreamCarriesTheScopeOnly) {
  const Caller hall = caller(Role::Viewer, {"hall-*"});
  ASSERT_TRUE(call(hall, "stream.open", {{"filter", {{"sessions", {"hall-1", "gate"}}}}}));
  const auto stream = *hall.subscriber->stream("s1");
  EXPECT_TRUE(stream->wants_session(SubscriptionId::parse("hall-1").value()));
  EXPECT_FALSE(stream->wants_session(SubscriptionId::parse("gate").value()));
  ASSERT_TRUE(call(hall, "stream.open", json::object()));
  EXPECT_FALSE(
      (*hall.subscriber->stream("s2"))->wants_session(SubscriptionId::parse("gate").value()));
}

TEST_F(AccessMethodsTest, ALogIsForOperatorsOfItsSessionAndThatOfTheSupervisorForAdmins) {
  add_session("gate");
  const auto status_of = [&](const Caller& who, const std::string& target) {
    std::optional<HttpReply> reply;
    stack_.context->routes.answer({.method = "GET", .target = target, .identity = who.identity},
                                  [&](HttpReply answer) { reply = std::move(answer); });
    stack_.run_until(reply);
    return reply->status;
  };
  EXPECT_EQ(status_of(caller(Role::Viewer), "/api/v1/sessions/gate/logs"), 403U);
  EXPECT_EQ(status_of(caller(Role::Operator, {"hall-*"}), "/api/v1/sessions/gate/logs"), 404U);
  EXPECT_EQ(status_of(caller(Role::Operator), "/api/v1/system/logs"), 403U);
  EXPECT_EQ(call(caller(Role::Operator), "log.tail", {{"supervisor", true}}).error().code,
            ErrorCode::PermissionDenied);
}

TEST_F(AccessMethodsTest, AListChangesNothingOutsideTheScope) {
  add_session("gate");
  const Caller hall = caller(Role::Operator, {"hall-*"});
  const auto all = call(hall, "session.setSubscriptionList", {{"sessions", json::array()}});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().field, "params.removeOthers");
  const json entry{{"subscriptionIdentifier", "gate"}, {"rtspUrl", "rtsp://other/x"}};
  const json done = json::parse(
      call(hall, "session.setSubscriptionList", {{"sessions", {entry}}, {"removeOthers", false}})
          .value());
  EXPECT_EQ(done["sessions"][0]["change"], "refused");
  EXPECT_EQ(done["sessions"][0]["error"]["code"], "PERMISSION_DENIED");
  EXPECT_EQ(stack_.sessions.get(SubscriptionId::parse("gate").value())->spec.url.host, "camera");
}

TEST_F(AccessMethodsTest, WithoutAStoreThereAreNoTokensAndTicketsAllTheSame) {
  EXPECT_EQ(call(caller(Role::Admin), "token.list", json::object()).error().code,
            ErrorCode::Unavailable);
  const json ticket =
      json::parse(call(caller(Role::Viewer), "auth.ticket", json::object()).value());
  EXPECT_EQ(ticket["protocols"][0], "bulkhead.v1");
}

TEST(MethodTable, TellsOfEveryChangeAndEveryRefusedOneButOfNoReading) {
  std::vector<std::string> told;
  MethodTable table{[&](const Identity& who, std::string_view method, std::string_view target,
                        ErrorCode outcome) {
    told.push_back(who.name + " " + std::string{method} + " " + std::string{target} + " " +
                   std::string{name_of(outcome)});
  }};
  const auto answer = [](const Caller&, const json&, const Reply& reply) { reply("{}"); };
  table.add("a.change", {Role::Operator, Effect::Changes}, answer);
  table.add("a.read", {Role::Viewer, Effect::Reads}, answer);
  const Caller viewer{.identity = std::make_shared<const Identity>(Identity{.name = "eve"})};
  (*table.find("a.change"))({}, {{"subscriptionIdentifier", "cam"}}, [](auto) {});
  (*table.find("a.change"))({}, {{"subscriptionIdentifier", "a b\n"}}, [](auto) {});
  (*table.find("a.change"))(viewer, {{"name", "ci"}}, [](auto) {});
  (*table.find("a.read"))(viewer, json::object(), [](auto) {});
  EXPECT_EQ(told, (std::vector<std::string>{"loopback a.change cam NONE", "loopback a.change  NONE",
                                            "eve a.change ci PERMISSION_DENIED"}));
}

}  // namespace
}  // namespace bulkhead::supervisor
