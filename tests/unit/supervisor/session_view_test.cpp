#include "supervisor/session/session_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace bulkhead::supervisor {
namespace {

constexpr auto kAlways = Availability::Always;
constexpr auto kIntermittent = Availability::Intermittent;

TEST(SessionViewTest, OnlyAnIntermittentCameraMayBeAway) {
  constexpr auto kOffline = SessionState::Offline;
  EXPECT_TRUE(is_problem(kAlways, kOffline, ErrorCode::ConnectFailed));
  for (const ErrorCode reason : {ErrorCode::ConnectFailed, ErrorCode::Timeout, ErrorCode::Stalled,
                                 ErrorCode::NoVideo, ErrorCode::EndOfStream}) {
    EXPECT_FALSE(is_problem(kIntermittent, kOffline, reason)) << name_of(reason);
    EXPECT_TRUE(is_expected_absence(kIntermittent, kOffline, reason)) << name_of(reason);
    EXPECT_FALSE(is_expected_absence(kAlways, kOffline, reason)) << name_of(reason);
  }
}

TEST(SessionViewTest, ACameraThatIsThereAndRefusesIsAProblemOfAnyClass) {
  for (const Availability availability : {kAlways, kIntermittent}) {
    EXPECT_TRUE(is_problem(availability, SessionState::AuthFailed, ErrorCode::AuthFailed));
    EXPECT_TRUE(is_problem(availability, SessionState::Offline, ErrorCode::NotFound));
    EXPECT_TRUE(is_problem(availability, SessionState::Offline, ErrorCode::UnsupportedCodec));
  }
}

TEST(SessionViewTest, WhatIsSettledByItselfIsNoProblemAndWhatIsNotIsOne) {
  constexpr std::array kProblems{SessionState::Offline, SessionState::AuthFailed,
                                 SessionState::Frozen, SessionState::CrashLoop,
                                 SessionState::Failed};
  for (int i = 0; i <= static_cast<int>(SessionState::Failed); ++i) {
    const auto state = static_cast<SessionState>(i);
    const bool expected = std::find(kProblems.begin(), kProblems.end(), state) != kProblems.end();
    EXPECT_EQ(is_problem(kAlways, state, ErrorCode::None), expected) << name_of(state);
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
