#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/result_log.hpp"
#include "worker/sink/sink_loop.hpp"

namespace bulkhead::worker {

struct ResultSinksSpec {
  std::filesystem::path folder;  // of this session's spool, and of nothing else
  std::string session;
  std::size_t spool_bytes = limits::kSpoolBytes;
  bool held = false;  // beside an old worker: nothing counts until `begin`
};

struct ResultSinksCounters {
  ResultLogCounters log;
  std::vector<SinkCounters> sinks;
};

/// Everything between the detect thread and the places that keep a session's results: what is
/// offered is on disk within moments and reaches each sink in the order of the session, across the
/// end of any process, or a gap says what does not. README.md is the contract.
///
/// Owned by Worker; starts a thread `spool` and one `sink:NAME` for each sink, so it is made after
/// the process has given up what it does not need. The destructor ends them where they are: what
/// the sinks do not have stays in the spool. It waits for a sink that is writing, as long as that
/// takes.
class ResultSinks {
 public:
  /// 1 to limits::kSinks, each with its own name.
  ResultSinks(const ResultSinksSpec& spec, std::vector<NamedSink> sinks,
              const std::shared_ptr<spdlog::logger>& log);
  ResultSinks(const ResultSinks&) = delete;
  ResultSinks& operator=(const ResultSinks&) = delete;
  ~ResultSinks();

  /// For the detect thread; never waits for disk or sinks. Sequences of a generation only grow.
  void offer(SinkRecord record) { log_.offer(std::move(record)); }

  /// What was held, or comes, counts where its frame was taken after this time (OverlapGate).
  void begin(std::int64_t after_capture_ns) { log_.begin(after_capture_ns); }
  /// Nothing counts any more; the capture time of the last record that did, 0 where none.
  std::int64_t end_after() { return log_.end_after(); }

  /// Every record up to it that counts is on disk, or its loss is told. 0: none yet.
  [[nodiscard]] Sequence durable_sequence() const noexcept { return log_.durable_sequence(); }
  [[nodiscard]] ResultSinksCounters counters() const;

  /// Takes nothing more, and gives sinks until then to take what there is; one that fails is not
  /// tried again. True when all is on disk and every sink's thread has come to its end.
  bool stop(std::chrono::milliseconds patience);

 private:
  void thread_ended();

  ResultLog log_;
  std::vector<std::unique_ptr<SinkLoop>> loops_;

  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_ = 0;

  // Last: ended and joined before what they use goes.
  std::vector<std::jthread> threads_;
};

}  // namespace bulkhead::worker
