// A declared list against workers that run.

#include <gtest/gtest.h>

#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using Change = SessionTable::Change;

class DeclaredListTest : public ::testing::Test {
 protected:
  static SessionTable::DeclaredList list(const std::vector<SessionSpec>& specs) {
    SessionTable::DeclaredList declared;
    for (const SessionSpec& spec : specs) {
      declared.named.insert(spec.id);
      declared.entries.emplace_back(spec);
    }
    return declared;
  }

  void declare_live(const std::vector<std::string>& names) {
    std::vector<SessionSpec> specs;
    for (const std::string& name : names) specs.push_back(SessionRig::spec(name));
    ASSERT_EQ(rig_.table.set_list(list(specs)).entries.size(), names.size());
    for (const std::string& name : names) {
      ASSERT_TRUE(rig_.until([&] { return rig_.is(name, SessionState::Live); })) << name;
    }
  }

  SessionRig rig_{"watches_a_camera", {}, {.max_sessions = 2}};
};

TEST_F(DeclaredListTest, WhatIsTheSameGoesOnWhatDiffersIsToldAndTheRestIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(declare_live({"a", "b"}));
  const pid_t a = rig_.view("a").pid;
  const pid_t b = rig_.view("b").pid;
  auto louder = SessionRig::spec("b");
  louder.log_level = "debug";
  auto outcome = rig_.table.set_list(list({SessionRig::spec("a"), louder}));
  EXPECT_EQ((*outcome.entries[0])->change, Change::Unchanged);
  EXPECT_EQ((*outcome.entries[1])->change, Change::Reconfigured);
  EXPECT_EQ((*outcome.entries[1])->how, Reconfiguration::Hot);
  EXPECT_EQ(rig_.view("a").pid, a);
  EXPECT_EQ(rig_.view("b").pid, b);
}

TEST_F(DeclaredListTest, AFullTableTakesOthersInstead) {
  ASSERT_NO_FATAL_FAILURE(declare_live({"a", "b"}));
  const auto outcome = rig_.table.set_list(list({SessionRig::spec("c"), SessionRig::spec("d")}));
  EXPECT_EQ(outcome.removed.size(), 2U);
  ASSERT_TRUE(rig_.until(
      [&] { return rig_.is("c", SessionState::Live) && rig_.is("d", SessionState::Live); }));
  ASSERT_TRUE(rig_.until([&] { return rig_.table.size() == 2; }));
}

TEST_F(DeclaredListTest, WhatARunningModelRefusesIsKnownBeforeAnythingChanges) {
  ASSERT_NO_FATAL_FAILURE(declare_live({"a", "b"}));
  auto cows = SessionRig::spec("b");
  cows.pipeline->detect.classes = {"cow"};
  auto declared = list({SessionRig::spec("c"), cows});
  declared.all_or_nothing = true;
  const auto outcome = rig_.table.set_list(std::move(declared));
  EXPECT_TRUE(outcome.entries[0] && !*outcome.entries[0]) << "held back";
  ASSERT_FALSE(outcome.entries[1]);
  EXPECT_EQ(outcome.entries[1].error().field, "params.classes");
  EXPECT_TRUE(outcome.removed.empty());
  EXPECT_TRUE(rig_.is("a", SessionState::Live));
}

}  // namespace
}  // namespace bulkhead::supervisor
