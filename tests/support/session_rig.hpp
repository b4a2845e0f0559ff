#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/session_spec.hpp"
#include "supervisor/session/session_table.hpp"
#include "tests/support/hang_limit.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {

/// What a rig's table may have. All its cameras have one address, so their rate is no limit here.
struct RigMachine {
  std::size_t max_sessions = 20;
  ConnectionRates rates{.per_host_per_second = 1000, .per_machine_per_second = 1000};
  std::size_t warm_spares = 0;
  std::uint64_t memory_bytes = 0;  // 0: no limit
  WorkerCgroups* cgroups = nullptr;
  RecyclingRule recycling{};
  std::shared_ptr<spdlog::logger> log{};
  std::function<std::int64_t()> wall_clock = wall_ns;  // of schedules; their zone is UTC
};

/// A real SessionTable on a real event loop whose workers are fixture programs. Records every
/// event; `until` runs the loop until something is true.
class SessionRig {
  test::TempDir folder_;  // first: the table is told of it

 public:
  struct SeenState {
    std::string session;
    SessionState from;
    SessionState to;
    ErrorCode reason;
    Generation generation;
    bool removed;
  };
  struct SeenAlert {
    std::string session;
    bool active;
    std::string text;
  };
  struct SeenGap {
    ipc::PriorityClass priority;
    Sequence to;
    GapEvent::Why why;
  };
  struct SeenResult {
    std::string session;
    Generation generation;
    Sequence sequence;
    std::uint64_t frame_id;
    std::int64_t publish_ns;
    SessionContext context{};
    Sequence patch_of = 0;
    std::uint32_t track_id = 0;  // of its first object
  };

  struct SeenEvent {
    Generation generation;
    ipc::PriorityClass priority;
    std::uint64_t frame_id;
    std::size_t results_before;
  };

  explicit SessionRig(const std::string& fixture, SessionLimits limits = {},
                      const RigMachine& machine = {})
      : table{loop, environment(fixture, limits, machine), events()} {}

  /// The log of a session's worker, as its worker would write it.
  [[nodiscard]] std::ofstream log_of(const std::string& session) const {
    return std::ofstream{folder_.path() / ("detector_worker_camera_" + session + ".log")};
  }

  /// Makes an empty file where the logs are.
  void touch(const std::string& name) const { std::ofstream{folder_.path() / name}.flush(); }

  [[nodiscard]] bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + test::kHangLimit;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds{100});
    }
    return true;
  }

  /// Waits, without running the loop, for a fixture that tells by its count of reconnects that it
  /// has done its misdeed.
  [[nodiscard]] bool worker_says_done(const std::string& name) const {
    const auto end = std::chrono::steady_clock::now() + test::kHangLimit;
    while (view(name).counters.reconnects_total == 0) {
      if (std::chrono::steady_clock::now() >= end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  static SubscriptionId id(const std::string& name) { return *SubscriptionId::parse(name); }

  static SessionSpec spec(const std::string& name, const std::string& path = "/a") {
    SessionSpec made{.id = id(name),
                     .url = *RtspUrl::parse("rtsp://127.0.0.1" + path),
                     .pipeline = PipelineSpec{},
                     .pipeline_name = {}};
    made.pipeline->name = "fixture";
    made.pipeline->detect.model = "fixture";
    return made;
  }

  void subscribe(const std::string& name) {
    const auto subscribed = table.subscribe(spec(name));
    ASSERT_TRUE(subscribed) << subscribed.error().message;
  }

  [[nodiscard]] SessionView view(const std::string& name) const { return *table.get(id(name)); }

  [[nodiscard]] bool is(const std::string& name, SessionState state, Generation generation = 1) {
    const auto seen = table.get(id(name));
    return seen && seen->state == state && seen->generation == generation;
  }

  [[nodiscard]] std::size_t results_of(const std::string& name, Generation generation = 1) const {
    return static_cast<std::size_t>(std::ranges::count_if(results, [&](const SeenResult& result) {
      return result.session == name && result.generation == generation;
    }));
  }

  /// The states a session went through, in order.
  [[nodiscard]] std::vector<std::string> path_of(const std::string& name) const {
    std::vector<std::string> path;
    for (const SeenState& state : states) {
      if (state.session == name) path.emplace_back(name_of(state.to));
    }
    return path;
  }

  boost::asio::io_context loop;
  std::vector<SeenState> states;
  std::vector<SeenResult> results;
  std::vector<SeenAlert> alerts;
  std::vector<SeenEvent> scenes;
  std::vector<SeenGap> gaps;
  std::vector<SessionSpec> reverted;
  std::vector<SessionSpec> promoted;
  std::vector<std::string> canaries;  // what was told of canaries: each state once in a row
  bool demanded = false;              // somebody wants results of all sessions
  SessionTable table;

 private:
  SessionEnvironment environment(const std::string& fixture, const SessionLimits& limits,
                                 const RigMachine& machine) const {
    return {
        .worker = {.executable = std::string{BULKHEAD_FIXTURE_DIR} + "/fixture_" + fixture,
                   .cache_dir = folder_.path(),
                   .limits = {.memory_bytes = machine.memory_bytes, .cgroups = machine.cgroups}},
        .log_dir = folder_.path(),
        .model_dir = folder_.path(),
        .model_catalog = folder_.path() / "models.json",
        .max_sessions = machine.max_sessions,
        .log_max_bytes = 1'000'000,
        .warm_spares = machine.warm_spares,
        .recycling = machine.recycling,
        .log = machine.log,
        .limits = limits,
        .connection_rates = machine.rates,
        .wall_clock = machine.wall_clock,
        .utc_offset = [](std::int64_t) { return 0; }};
  }

  SessionEvents events() {
    return {.result =
                [this](const ResultEvent& event) {
                  const auto& objects = event.detection.objects;
                  results.push_back({event.session.text(), event.generation, event.sequence,
                                     event.detection.frame_id, event.publish_ns,
                                     event.detection.context, event.detection.patch_of,
                                     objects.empty() ? 0 : objects[0].track_id});
                },
            .state =
                [this](const StateEvent& event) {
                  const std::string canary{event.canary ? name_of(*event.canary) : ""};
                  const bool is_news = canaries.empty() || canaries.back() != canary;
                  if (!canary.empty() && is_news) canaries.push_back(canary);
                  states.push_back({event.session.text(), event.from, event.to, event.reason,
                                    event.generation, event.removed});
                },
            .gap =
                [this](const GapEvent& event) {
                  gaps.push_back({event.gap.priority, event.gap.to, event.why});
                },
            .alert =
                [this](const AlertEvent& event) {
                  alerts.push_back({event.session.text(), event.active, event.text});
                },
            .scene =
                [this](const SceneEvent& event) {
                  scenes.push_back(
                      {event.generation, event.priority, event.event.frame_id, results.size()});
                },
            .generation = {},
            .reverted = [this](const SessionSpec& served) { reverted.push_back(served); },
            .promoted = [this](const SessionSpec& spec) { promoted.push_back(spec); },
            .demanded = [this](const SubscriptionId&) { return demanded; }};
  }
};

/// Numbers of this process's open descriptors.
inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}));
}

/// Whether a process exists and is no zombie.
inline bool is_alive(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  if (!std::getline(stat, line)) return false;
  const auto name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] != 'Z' && line[name_end + 2] != 'X';
}

}  // namespace bulkhead::supervisor
