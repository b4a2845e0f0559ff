#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/dead_letters.hpp"
#include "worker/sink/result_log.hpp"
#include "worker/sink/sink.hpp"
#include "worker/sink/sink_breaker.hpp"

namespace bulkhead::worker {

/// A sink and the name of its cursor: [a-z0-9_-], at most limits::kSinkNameBytes. Another place
/// under the same name goes on where the former was.
struct NamedSink {
  std::string name;
  std::unique_ptr<Sink> sink;
};

/// What one sink has done in this process, and what waits for it.
struct SinkCounters {
  std::string name;
  std::string_view kind;
  std::uint64_t written_total = 0;       // acknowledged, gaps included
  std::uint64_t retried_total = 0;       // attempts that failed for a time
  std::uint64_t dead_letters_total = 0;  // refused for what they are
  std::uint64_t expired_total = 0;
  std::uint64_t gaps_total = 0;  // told to it
  Backlog backlog;
  BreakerState breaker = BreakerState::Closed;
  std::string last_error;  // of the sink, while it fails; else empty
};

/// All sinks of a session together.
struct SinkTotals {
  std::uint64_t written = 0;
  std::uint64_t retries = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t gaps = 0;
  std::uint64_t backlog_records = 0;  // of the one that is farthest behind
  std::uint32_t failing = 0;          // whose breaker is not closed
};

[[nodiscard]] SinkTotals totals_of(const std::vector<SinkCounters>& sinks) noexcept;

/// Brings a session's results to one sink, in their order, each until the sink has acknowledged it.
///
/// Fails the sink for a time: tried again as SinkBreaker says, at last with single records. Is a
/// batch refused for good: record by record, and what is refused limits::kPoisonTries times is a
/// dead letter. limits::kPoisonInARow of them are taken for the sink's own fault: from then on one
/// goes with each delay of the breaker, so that a table that is gone does not cost the backlog.
/// What has expired is replaced by a gap before it is written.
///
/// Runs on a thread of its own, which the sink may block; `counters` is for any thread.
class SinkLoop {
 public:
  /// `log` outlives the loop. `index`: of the sink in the log.
  SinkLoop(ResultLog& log, std::size_t index, NamedSink sink, std::filesystem::path dead_letters,
           std::shared_ptr<spdlog::logger> logger);

  /// Until `stop` is requested, or the log is closed and the sink has all of it, or fails then.
  void run(const std::stop_token& stop);

  [[nodiscard]] SinkCounters counters() const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  enum class Outcome { Delivered, Failed, Refused };

  void take_next(const std::stop_token& stop);
  void replace_expired();
  [[nodiscard]] Outcome attempt(std::size_t records);
  void delivered(std::size_t records);
  bool after_failure(std::chrono::milliseconds delay, const std::stop_token& stop);
  bool after_refusal(const std::stop_token& stop);
  bool after_delivery(const std::stop_token& stop);
  bool bury(const std::stop_token& stop);
  void fail(const Error& error);

  ResultLog& results_;
  const std::size_t index_;
  const std::string name_;
  const std::unique_ptr<Sink> sink_;
  DeadLetters dead_letters_;
  const std::shared_ptr<spdlog::logger> log_;

  // Of the sink's thread. What waits lies in both, from `done_` on.
  std::vector<SinkRecord> batch_;
  std::vector<std::uint64_t> indexes_;
  std::size_t done_ = 0;
  bool open_ = false;
  bool one_by_one_ = false;
  int refusals_ = 0;          // of the record at `done_`
  std::size_t in_a_row_ = 0;  // dead letters since something was written
  Error error_;
  std::chrono::nanoseconds took_{0};
  SinkBreaker breaker_;
  ReplayPace pace_;

  mutable std::mutex mutex_;
  SinkCounters counters_;
};

}  // namespace bulkhead::worker
