// Every state against every event: what a session does next is decided here and nowhere else.

#include "supervisor/session/session_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::supervisor {
namespace {

using State = SessionState;
using Action = SessionAction;
using Kind = SessionEvent::Kind;

constexpr ErrorCode kEarlier = ErrorCode::EndOfStream;  // the reason a state was entered with
constexpr ErrorCode kNew = ErrorCode::Io;               // the reason an event brings

constexpr std::array kStates{
    State::Starting, State::Connecting, State::Live,       State::Degraded,   State::Stale,
    State::Frozen,   State::Offline,    State::AuthFailed, State::BackingOff, State::CrashLoop,
    State::Stopping, State::Stopped,    State::Failed};

struct Column {
  std::string_view name;
  SessionEvent event;
};

const std::vector<Column> kEvents{
    {"start asked", {Kind::StartAsked}},
    {"stop asked", {Kind::StopAsked}},
    {"camera connecting", {Kind::CameraConnecting}},
    {"camera live", {Kind::CameraLive}},
    {"camera lost", {Kind::CameraLost, kNew}},
    {"password refused", {Kind::CameraLost, ErrorCode::AuthFailed}},
    {"picture frozen", {Kind::CameraFrozen, kNew}},
    {"frames missing", {Kind::FramesMissing}},
    {"frames flow", {Kind::FramesFlow}},
    {"falling behind", {Kind::FallingBehind}},
    {"keeping up", {Kind::KeepingUp}},
    {"worker hung", {Kind::WorkerHung, kNew}},
    {"worker broken", {Kind::WorkerBroken, kNew}},
    {"ended, retry", {Kind::WorkerEnded, kNew, AfterEnd::Retry}},
    {"ended, too often", {Kind::WorkerEnded, kNew, AfterEnd::OpenBreaker}},
    {"ended for good", {Kind::WorkerEnded, kNew, AfterEnd::GiveUp}},
    {"retry due", {Kind::RetryDue}},
};

/// What a cell of the table says: the next state, its reason and the action.
struct Answer {
  State state;
  ErrorCode reason;
  Action action;
  bool start_again = false;
};

/// The table, row by row. An event without an entry must change nothing.
using Row = std::map<std::string_view, Answer>;

Row with_frames(Row row) {
  row["frames missing"] = {State::Stale, ErrorCode::Stalled, Action::None};
  row["picture frozen"] = {State::Frozen, kNew, Action::None};
  return row;
}

Row running_row(State state) {
  // A state whose worker is doomed keeps its name, unless frames were due from it.
  const bool had_frames = state == State::Live || state == State::Degraded ||
                          state == State::Stale || state == State::Frozen;
  const State doomed = had_frames ? State::Stale : state;
  return {
      {"start asked", {State::Stopping, ErrorCode::None, Action::AskToStop, true}},
      {"stop asked", {State::Stopping, ErrorCode::None, Action::AskToStop}},
      {"camera connecting", {State::Connecting, ErrorCode::None, Action::None}},
      {"camera live", {State::Live, ErrorCode::None, Action::None}},
      {"camera lost", {State::Offline, kNew, Action::None}},
      {"password refused", {State::AuthFailed, ErrorCode::AuthFailed, Action::None}},
      {"worker hung", {doomed, kNew, Action::Abort}},
      {"worker broken", {doomed, kNew, Action::Kill}},
      {"ended, retry", {State::BackingOff, kNew, Action::ArmRetry}},
      {"ended, too often", {State::CrashLoop, kNew, Action::ArmRetry}},
      {"ended for good", {State::Failed, kNew, Action::None}},
  };
}

Row waiting_row() {
  return {{"start asked", {State::Starting, ErrorCode::None, Action::Spawn}},
          {"retry due", {State::Starting, ErrorCode::None, Action::Spawn}},
          {"stop asked", {State::Stopped, ErrorCode::None, Action::DisarmRetry}}};
}

Row row_of(State state) {
  Row row = running_row(state);
  switch (state) {
    case State::Starting:
    case State::Connecting:
      return row;
    case State::Live:
      row = with_frames(row);
      row["falling behind"] = {State::Degraded, ErrorCode::None, Action::None};
      return row;
    case State::Degraded:
      row = with_frames(row);
      row["keeping up"] = {State::Live, ErrorCode::None, Action::None};
      return row;
    case State::Frozen:
      return with_frames(row);
    case State::Stale:
      row["picture frozen"] = {State::Frozen, kNew, Action::None};
      row["frames flow"] = {State::Live, ErrorCode::None, Action::None};
      return row;
    case State::Offline:
    case State::AuthFailed:
      row.erase("camera connecting");
      return row;
    case State::BackingOff:
    case State::CrashLoop:
      return waiting_row();
    case State::Stopping:
      return {{"start asked", {State::Stopping, kEarlier, Action::None, true}},
              {"worker broken", {State::Stopping, kEarlier, Action::Kill}},
              {"ended, retry", {State::Stopped, ErrorCode::None, Action::None}},
              {"ended, too often", {State::Stopped, ErrorCode::None, Action::None}},
              {"ended for good", {State::Stopped, ErrorCode::None, Action::None}}};
    case State::Stopped:
      return {{"start asked", {State::Starting, ErrorCode::None, Action::Spawn}}};
    case State::Failed:
      return {{"start asked", {State::Starting, ErrorCode::None, Action::Spawn}},
              {"stop asked", {State::Stopped, kEarlier, Action::None}}};
  }
  return {};
}

TEST(SessionState, EveryPairOfStateAndEventIsAnsweredAsTheTableSays) {
  for (const State state : kStates) {
    const Row row = row_of(state);
    const SessionCondition now{state, kEarlier, false};
    for (const auto& [name, event] : kEvents) {
      SCOPED_TRACE(std::string{name_of(state)} + " + " + std::string{name});
      const auto cell = row.find(name);
      const Answer expected =
          cell != row.end() ? cell->second : Answer{state, kEarlier, Action::None};
      const SessionStep got = step(now, event);
      EXPECT_EQ(name_of(got.next.state), name_of(expected.state));
      EXPECT_EQ(got.next.reason, expected.reason);
      EXPECT_EQ(got.next.start_again, expected.start_again);
      EXPECT_EQ(got.action, expected.action);
    }
  }
}

TEST(SessionState, EveryEntryOfTheTableNamesAnEvent) {
  for (const State state : kStates) {
    for (const auto& [name, answer] : row_of(state)) {
      EXPECT_TRUE(std::ranges::find(kEvents, name, &Column::name) != std::end(kEvents)) << name;
    }
  }
}

TEST(SessionState, AStoppingWorkerThatIsWantedAgainIsFollowedByTheNextWhateverEndedIt) {
  const SessionCondition now{State::Stopping, ErrorCode::None, true};
  for (const AfterEnd after : {AfterEnd::Retry, AfterEnd::OpenBreaker, AfterEnd::GiveUp}) {
    const SessionStep got = step(now, {Kind::WorkerEnded, kNew, after});
    EXPECT_EQ(got.next, (SessionCondition{State::Starting, ErrorCode::None, false}));
    EXPECT_EQ(got.action, Action::Spawn);
  }
  EXPECT_FALSE(step(now, {Kind::StopAsked}).next.start_again) << "a later stop wins";
}

TEST(SessionState, NoStateWithoutAWorkerAsksForItsDeath) {
  for (const State state : kStates) {
    if (has_worker(state)) continue;
    for (const auto& [name, event] : kEvents) {
      const Action action = step({state, kEarlier, false}, event).action;
      EXPECT_TRUE(action != Action::AskToStop && action != Action::Abort && action != Action::Kill)
          << name_of(state) << " + " << name;
    }
  }
}

TEST(SessionState, NoStateWithAWorkerStartsAnotherBesideIt) {
  for (const State state : kStates) {
    if (!has_worker(state)) continue;
    for (const auto& [name, event] : kEvents) {
      if (event.kind == Kind::WorkerEnded) continue;
      EXPECT_NE(step({state, kEarlier, true}, event).action, Action::Spawn)
          << name_of(state) << " + " << name;
    }
  }
}

TEST(SessionState, EachStateHasItsOwnName) {
  std::map<std::string_view, int> seen;
  for (const State state : kStates) ++seen[name_of(state)];
  EXPECT_EQ(seen.size(), kStates.size());
}

}  // namespace
}  // namespace bulkhead::supervisor
