// session.setSubscriptionList, against a real session table whose workers cannot be started.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "tests/support/control_stack.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

constexpr std::size_t kMostSessions = 20;  // of SessionEnvironment

class ListMethodsTest : public ::testing::Test {
 protected:
  Result<json> call(const std::string& method, const json& params) {
    std::optional<Result<std::string>> outcome;
    (*stack_.context->methods.find(method))(
        client_, params, [&](Result<std::string> result) { outcome = std::move(result); });
    stack_.run_until(outcome);
    if (!*outcome) return outcome->error();
    return Result<json>{boost::system::in_place_value, json::parse(**outcome)};
  }

  Result<json> set_list(const json& sessions, const json& options = json::object()) {
    json params{{"sessions", sessions}};
    params.update(options);
    return call("session.setSubscriptionList", params);
  }

  static json camera(const std::string& name, const json& more = json::object()) {
    json entry{{"subscriptionIdentifier", name},
               {"rtspUrl", "rtsp://camera/" + name},
               {"pipeline", {{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", "m"}}}}}}};
    entry.update(more);
    return entry;
  }

  static json cameras(std::size_t from, std::size_t count) {
    json list = json::array();
    for (std::size_t i = from; i < from + count; ++i) list.push_back(camera(std::to_string(i)));
    return list;
  }

  /// "a added, b removed" of an answer.
  static std::string told(const Result<json>& answer) {
    if (!answer) return "error " + answer.error().field + ": " + answer.error().message;
    std::string text;
    for (const json& entry : (*answer)["sessions"]) {
      if (!text.empty()) text += ", ";
      text += entry.value("subscriptionIdentifier", "?") + " " + entry.value("change", "?");
      if (entry.contains("how")) text += " " + entry["how"].get<std::string>();
      if (entry.contains("error")) text += " " + entry["error"].value("field", "-");
    }
    return text;
  }

  /// Those that are wanted, by name.
  std::string running() {
    std::string text;
    for (const SessionView& view : stack_.sessions.list()) {
      if (view.wanted) text += view.spec.id.text() + " ";
    }
    return text;
  }

  /// They are gone a turn of the loop after the last of their workers, and here there is none.
  void let_the_removed_go() {
    stack_.loop.restart();
    stack_.loop.poll();
  }

  testing::ControlStack stack_;
  Caller client_{.connection = 1, .subscriber = nullptr};
};

TEST_F(ListMethodsTest, TheListIsWhatThereIsAfterwardsAndEachEntrySaysWhatBecameOfIt) {
  EXPECT_EQ(told(set_list({camera("a"), camera("b"), camera("c")})), "a added, b added, c added");
  EXPECT_EQ(running(), "a b c ");
  EXPECT_EQ(told(set_list({camera("b", {{"logLevel", "debug"}}), camera("d"), camera("a")})),
            "b reconfigured replace, d added, a unchanged, c removed");
  EXPECT_EQ(running(), "a b d ");
  EXPECT_EQ(told(set_list(json::array())), "a removed, b removed, d removed");
  EXPECT_EQ(running(), "");
}

TEST_F(ListMethodsTest, OthersStayWhereTheCallerSaysSo) {
  ASSERT_TRUE(set_list(json::array({camera("a")})));
  EXPECT_EQ(told(set_list(json::array({camera("b")}), {{"removeOthers", false}})), "b added");
  EXPECT_EQ(running(), "a b ");
}

TEST_F(ListMethodsTest, AnEntryThatIsRefusedNamesItsFieldAndLeavesItsSessionAlone) {
  ASSERT_TRUE(set_list({camera("a"), camera("b")}));
  const auto answer = set_list({camera("a", {{"rtspUrl", "http://x"}}),
                                camera("c"),
                                camera("d", {{"pipeline", "nope"}}),
                                {{"rtspUrl", "rtsp://c/x"}}});
  EXPECT_EQ(told(answer),
            "a refused params.sessions[0].rtspUrl, c added, "
            "d refused params.sessions[2].pipeline, "
            "? refused params.sessions[3].subscriptionIdentifier, b removed");
  EXPECT_EQ((*answer)["applied"], true);
  EXPECT_EQ((*answer)["sessions"][0]["error"]["code"], "INVALID_PARAMS");
  EXPECT_EQ((*answer)["sessions"][2]["error"]["code"], "NOT_FOUND");
  EXPECT_EQ(running(), "a c ");
}

TEST_F(ListMethodsTest, AllOrNothingChangesNothingWhereOneIsRefused) {
  ASSERT_TRUE(set_list({camera("a"), camera("b")}));
  const json whole{{"allOrNothing", true}};
  auto answer = set_list({camera("b", {{"priority", 1}}), camera("c", {{"loop", true}})}, whole);
  EXPECT_EQ(told(answer), "b held_back, c refused params.sessions[1].loop");
  EXPECT_EQ((*answer)["applied"], false);
  EXPECT_EQ(running(), "a b ");
  EXPECT_EQ((*call("session.get", {{"subscriptionIdentifier", "b"}}))["priority"], 5);

  answer = set_list({camera("b", {{"priority", 1}}), camera("c")}, whole);
  EXPECT_EQ(told(answer), "b reconfigured replace, c added, a removed");
  EXPECT_EQ((*answer)["applied"], true);
}

TEST_F(ListMethodsTest, AsManySessionsAsThereMayBeAreTakenAndTheOnesPastThatAreRefused) {
  ASSERT_TRUE(set_list(json::array({camera("old")})));
  const json one_too_many = cameras(0, kMostSessions + 1);
  auto answer = set_list(one_too_many, {{"allOrNothing", true}});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["sessions"].back()["error"]["code"], "LIMIT_REACHED");
  EXPECT_EQ(running(), "old ");

  answer = set_list(cameras(0, kMostSessions), {{"allOrNothing", true}});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["applied"], true) << "the one that is removed makes its place";
  answer = set_list(one_too_many);
  EXPECT_EQ((*answer)["sessions"].back()["error"]["field"],
            "params.sessions[20].subscriptionIdentifier");
  EXPECT_EQ(std::ranges::count(running(), ' '), kMostSessions);

  let_the_removed_go();
  answer = set_list(cameras(100, kMostSessions));
  EXPECT_EQ((*answer)["sessions"][kMostSessions - 1]["change"], "added");
  EXPECT_EQ((*answer)["sessions"][kMostSessions]["change"], "removed");
}

TEST_F(ListMethodsTest, RemovedSessionsThatHaveYetToEndAreAtMostAsManyAsThereMayBe) {
  ASSERT_TRUE(set_list(cameras(0, kMostSessions)));
  ASSERT_TRUE(set_list(cameras(100, kMostSessions)));  // the others are still leaving
  auto answer = set_list(json::array({camera("one-more")}));
  EXPECT_EQ((*answer)["sessions"][0]["error"]["code"], "LIMIT_REACHED");
  EXPECT_NE((*answer)["sessions"][0]["error"]["message"].get<std::string>().find("yet to end"),
            std::string::npos);
  let_the_removed_go();
  EXPECT_EQ(told(set_list(json::array({camera("one-more")}))), "one-more added");
}

TEST_F(ListMethodsTest, AListThatIsNoneIsRefusedAsAWholeAndItsFaultIsNamed) {
  EXPECT_EQ(told(call("session.setSubscriptionList", json::object())),
            "error params.sessions: params.sessions: is missing; give the whole list, [] for no "
            "session at all");
  const auto field_of = [&](const json& sessions, const json& options = json::object()) {
    const auto answer = set_list(sessions, options);
    return answer ? "none" : answer.error().field;
  };
  EXPECT_EQ(field_of("a"), "params.sessions");
  EXPECT_EQ(field_of({camera("a"), 7}), "params.sessions[1]");
  EXPECT_EQ(field_of({camera("a"), camera("b"), camera("a")}),
            "params.sessions[2].subscriptionIdentifier");
  EXPECT_EQ(field_of(json::array(), {{"removeOthers", 1}}), "params.removeOthers");
  EXPECT_EQ(field_of(json::array(), {{"removeOther", true}}), "params.removeOther");
  EXPECT_EQ(running(), "");

  EXPECT_EQ(field_of(json(limits::kListedSessions + 1, json::object())), "params.sessions");
  EXPECT_EQ(field_of(json(limits::kListedSessions, json::object())), "none");
}

TEST_F(ListMethodsTest, TwoNamesThatWouldShareALogFileAreNotBothTaken) {
  EXPECT_EQ(told(set_list({camera("hall;door"), camera("hall:door")})),
            "hall;door added, hall:door refused params.sessions[1].subscriptionIdentifier");
  EXPECT_EQ(told(set_list({camera("hall:door"), camera("hall;door")})),
            "hall:door refused params.sessions[0].subscriptionIdentifier, hall;door unchanged");
}

}  // namespace
}  // namespace bulkhead::supervisor
