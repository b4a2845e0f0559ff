#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/overlap_gate.hpp"
#include "worker/sink/recent_records.hpp"
#include "worker/sink/spool.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// What the log can say of itself.
struct ResultLogCounters {
  SpoolCounters spool;
  RecentRecords::Dropped dropped_total{};  // from memory, by class
  std::uint64_t append_ns = 0;             // of the spool's thread, all told,
  std::uint64_t appended_total = 0;        // for so many records
  bool disk_failing = false;               // records go to the sinks from memory
  bool waiting_for_spool = false;          // another process has it
};

/// A session's results between the detect thread and its sinks, in one order: in memory (its newest
/// end), and on disk until every sink has them.
///
/// `offer` is the detect thread's and never waits for the disk or a sink: it takes a lock that is
/// held for no more than a batch of pointers. `store_until` runs on the thread `spool`. Each sink
/// has one thread that calls `next_batch` and `commit`. All else is for any thread.
///
/// A sink gets nothing that is not on disk, but while the disk fails: then from memory, with the
/// limits of RecentRecords. While another process has the spool, memory keeps what comes.
class ResultLog {
 public:
  ResultLog(SpoolSpec spec, OverlapGate::State gate, std::shared_ptr<spdlog::logger> log);

  void offer(SinkRecord record);
  /// OverlapGate says what these do.
  void begin(std::int64_t after_capture_ns);
  std::int64_t end_after();

  /// Nothing more is taken; what is there is stored and handed out without waiting for more.
  void close();
  [[nodiscard]] bool closed() const;

  /// Stores what comes, until all is stored after `close`, or `stop` is requested.
  void store_until(const std::stop_token& stop);

  /// What the sink has not committed, in order: as soon as there are limits::kSinkBatchRecords, or
  /// something for limits::kSinkBatchTime. Empty when `stop` is requested, or at the end after
  /// `close`.
  [[nodiscard]] std::vector<SpoolEntry> next_batch(std::size_t sink, const std::stop_token& stop);
  /// After `close`: nothing more will come for the sink.
  [[nodiscard]] bool all_taken(std::size_t sink) const;
  /// The sink has everything up to `index`.
  void commit(std::size_t sink, std::uint64_t index);

  /// False when `stop` was requested, or the log closed, before `time` was over.
  bool pause(std::chrono::milliseconds time, const std::stop_token& stop);

  /// Every record of this process up to it is on disk, or its loss is told.
  [[nodiscard]] Sequence durable_sequence() const noexcept {
    return durable_.load(std::memory_order_relaxed);  // a number to show; orders nothing
  }
  [[nodiscard]] Backlog backlog(std::size_t sink) const;
  [[nodiscard]] ResultLogCounters counters() const;
  [[nodiscard]] const std::string& session() const noexcept { return spec_.session; }

 private:
  bool wait_for_work(const std::stop_token& stop);
  void open_spool();
  void take_over(Spool spool);
  void store();
  bool store_batch(const std::vector<SpoolEntry>& batch);
  void sync(bool now);
  void disk_failed(const Error& error);
  [[nodiscard]] std::uint64_t readable_end() const;
  void update_progress();
  std::vector<SpoolEntry> read_disk(std::size_t sink, std::uint64_t from, std::uint64_t end,
                                    const std::stop_token& stop);

  const SpoolSpec spec_;
  const std::shared_ptr<spdlog::logger> log_;

  // What the detect thread and the sinks share. Never held while the disk is asked.
  mutable std::mutex mutex_;
  std::condition_variable_any offered_;   // for the thread `spool`
  std::condition_variable_any readable_;  // for sinks
  OverlapGate gate_;
  RecentRecords recent_;
  Progress progress_{.stored = 1, .fastest = 1, .slowest = 1};
  std::vector<std::uint64_t> cursors_;
  bool opened_ = false;
  bool failing_ = false;
  bool closed_ = false;
  bool all_stored_ = false;  // after closed_

  mutable std::mutex disk_mutex_;
  std::optional<Spool> spool_;

  // Of the thread `spool`.
  std::int64_t waiting_since_ns_ = 0;
  bool waiting_told_ = false;
  bool failure_told_ = false;
  std::int64_t unsynced_since_ns_ = 0;
  std::size_t unsynced_records_ = 0;

  std::atomic<Sequence> durable_{0};
  std::atomic<std::uint64_t> append_ns_{0};
  std::atomic<std::uint64_t> appended_total_{0};
};

}  // namespace bulkhead::worker
