#include "worker/sink/result_log.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"

namespace bulkhead::worker {

ResultLog::ResultLog(SpoolSpec spec, OverlapGate::State gate, std::shared_ptr<spdlog::logger> log)
    : spec_{std::move(spec)}, log_{std::move(log)}, gate_{gate}, cursors_(spec_.sinks.size(), 1) {
  assert(!spec_.sinks.empty());
  assert(spec_.sinks.size() <= limits::kSinks);
}

void ResultLog::offer(SinkRecord record) {
  bool from_memory = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    auto counts = gate_.offer(std::move(record));
    if (!counts) return;
    recent_.offer(std::move(*counts), progress_);
    from_memory = failing_;
  }
  offered_.notify_one();
  if (from_memory) readable_.notify_all();
}

void ResultLog::begin(std::int64_t after_capture_ns) {
  {
    const std::lock_guard lock{mutex_};
    auto begun = gate_.begin(after_capture_ns);
    if (begun.loss.count > 0) recent_.add_loss(begun.loss);
    for (SinkRecord& record : begun.records) recent_.offer(std::move(record), progress_);
  }
  offered_.notify_one();
  readable_.notify_all();
}

std::int64_t ResultLog::end_after() {
  const std::lock_guard lock{mutex_};
  return gate_.end_after();
}

void ResultLog::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  offered_.notify_all();
  readable_.notify_all();
}

bool ResultLog::closed() const {
  const std::lock_guard lock{mutex_};
  return closed_;
}

bool ResultLog::all_taken(std::size_t sink) const {
  const std::lock_guard lock{mutex_};
  return closed_ && all_stored_ && cursors_[sink] >= readable_end();
}

std::uint64_t ResultLog::readable_end() const {
  if (failing_) return recent_.next_index();
  return opened_ ? progress_.stored : 0;
}

std::vector<SpoolEntry> ResultLog::next_batch(std::size_t sink, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  const bool woken = readable_.wait(
      lock, stop, [&] { return cursors_[sink] < readable_end() || (closed_ && all_stored_); });
  if (!woken || cursors_[sink] >= readable_end()) return {};
  readable_.wait_for(lock, stop, limits::kSinkBatchTime, [&] {
    return closed_ || cursors_[sink] + limits::kSinkBatchRecords <= readable_end();
  });
  const std::uint64_t from = cursors_[sink];
  const std::uint64_t whole_from = recent_.whole_from();
  if (from >= whole_from) {
    const std::uint64_t end = readable_end();
    auto batch = recent_.read(from, end);
    lock.unlock();
    // What should be there fell off, and a gap that says so comes later.
    if (batch.empty() && end > from) commit(sink, end - 1);
    return batch;
  }
  lock.unlock();
  return read_disk(sink, from, whole_from, stop);
}

std::vector<SpoolEntry> ResultLog::read_disk(std::size_t sink, std::uint64_t from,
                                             std::uint64_t end, const std::stop_token& stop) {
  Result<std::vector<SpoolEntry>> batch = std::vector<SpoolEntry>{};
  {
    const std::lock_guard disk{disk_mutex_};
    batch = spool_->read(sink, from, end);
  }
  if (!batch) {
    log_->warn("spool unreadable sink={} reason={}", spec_.sinks[sink], batch.error().message);
    pause(limits::kSpoolRetry, stop);
    return {};
  }
  if (batch->empty()) commit(sink, end - 1);  // likewise
  return std::move(*batch);
}

void ResultLog::commit(std::size_t sink, std::uint64_t index) {
  std::uint64_t next = 0;
  {
    const std::lock_guard lock{mutex_};
    cursors_[sink] = std::max(cursors_[sink], index + 1);
    next = cursors_[sink];
    update_progress();
    recent_.release(progress_);
  }
  const std::lock_guard disk{disk_mutex_};
  if (spool_) spool_->commit(sink, next);
}

void ResultLog::update_progress() {
  const auto [slowest, fastest] = std::minmax_element(cursors_.begin(), cursors_.end());
  progress_.slowest = *slowest;
  progress_.fastest = *fastest;
}

bool ResultLog::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  return !readable_.wait_for(lock, stop, time, [&] { return closed_; }) && !stop.stop_requested();
}

Backlog ResultLog::backlog(std::size_t sink) const {
  Backlog backlog;
  {
    const std::lock_guard disk{disk_mutex_};
    if (spool_) backlog = spool_->backlog(sink);
  }
  const std::lock_guard lock{mutex_};
  const std::uint64_t from = std::max(cursors_[sink], progress_.stored);
  backlog.records += recent_.next_index() - std::min(recent_.next_index(), from);
  return backlog;
}

ResultLogCounters ResultLog::counters() const {
  ResultLogCounters now;
  {
    const std::lock_guard disk{disk_mutex_};
    if (spool_) now.spool = spool_->counters();
  }
  now.append_ns = append_ns_.load(std::memory_order_relaxed);
  now.appended_total = appended_total_.load(std::memory_order_relaxed);
  const std::lock_guard lock{mutex_};
  now.dropped_total = recent_.dropped_total();
  now.disk_failing = failing_;
  now.waiting_for_spool = !opened_ && !failing_;
  return now;
}

}  // namespace bulkhead::worker
