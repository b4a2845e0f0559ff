// The thread `spool` of a result log: from memory to disk.

#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/result_log.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::int64_t ns_of(std::chrono::nanoseconds time) { return time.count(); }

}  // namespace

void ResultLog::store_until(const std::stop_token& stop) {
  open_spool();
  while (wait_for_work(stop)) {
    if (!spool_) open_spool();
    if (spool_) store();
    sync(false);
  }
  sync(true);
}

/// False once there is nothing left to do.
bool ResultLog::wait_for_work(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  const auto has_work = [&] {
    return opened_ && !failing_ && progress_.stored < recent_.next_index();
  };
  const bool ready = opened_ && !failing_;
  if (closed_ && ready) recent_.tell_losses(spec_.session, progress_, true);
  // A disk that fails is not waited for at the end: sinks may still have what it did not take.
  if (closed_ && (ready ? !has_work() : failing_)) {
    all_stored_ = true;
    readable_.notify_all();
    return false;
  }
  const auto tick =
      ready ? limits::kSpoolSyncTime
            : std::chrono::milliseconds{failing_ ? limits::kSpoolRetry : limits::kSpoolLockLook};
  offered_.wait_for(lock, stop, tick, [&] { return has_work() || (closed_ && ready); });
  return !stop.stop_requested();
}

void ResultLog::open_spool() {
  auto opened = Spool::open(spec_);
  if (opened) return take_over(std::move(*opened));
  if (opened.error().code != ErrorCode::Unavailable) return disk_failed(opened.error());
  const std::int64_t now_ns = monotonic_ns();
  if (waiting_since_ns_ == 0) waiting_since_ns_ = now_ns;
  if (waiting_told_ || now_ns - waiting_since_ns_ < ns_of(limits::kSpoolLockTime)) return;
  waiting_told_ = true;
  log_->warn("spool waits for its owner folder={}", log_value(spec_.folder.string()));
}

void ResultLog::take_over(Spool spool) {
  const SpoolCounters found = spool.counters();
  const std::uint64_t next_index = spool.next_index();
  std::vector<std::uint64_t> cursors;
  for (std::size_t i = 0; i < spec_.sinks.size(); ++i) cursors.push_back(spool.cursor(i));
  {
    const std::lock_guard disk{disk_mutex_};
    spool_.emplace(std::move(spool));
  }
  {
    const std::lock_guard lock{mutex_};
    // Upwards only: what a sink commits of the numbers before is less than it has, never more.
    recent_.renumber_from(std::max(next_index, recent_.first_index()));
    std::copy(cursors.begin(), cursors.end(), cursors_.begin());
    progress_.stored = recent_.first_index();
    update_progress();
    opened_ = true;
    failing_ = false;
  }
  readable_.notify_all();
  log_->info("spool open segments={} bytes={} torn_bytes={} damaged_segments={}", found.segments,
             found.bytes, found.torn_bytes, found.damaged_segments);
}

void ResultLog::store() {
  while (true) {
    std::vector<SpoolEntry> batch;
    {
      const std::lock_guard lock{mutex_};
      recent_.tell_losses(spec_.session, progress_, closed_);
      batch = recent_.read(progress_.stored, recent_.next_index());
      if (batch.empty()) {
        // A disk that failed while all went to the sinks from memory is tried with what comes next.
        progress_.stored = recent_.next_index();
        failing_ = false;
        return;
      }
    }
    if (!store_batch(batch)) return;
    sync(false);
  }
}

bool ResultLog::store_batch(const std::vector<SpoolEntry>& batch) {
  Result<> appended;
  std::vector<Loss> untold;
  std::size_t stored = 0;
  const std::int64_t begin_ns = monotonic_ns();
  {
    const std::lock_guard disk{disk_mutex_};
    while (stored < batch.size()) {
      appended = spool_->append(batch[stored]);
      if (!appended) break;
      ++stored;
    }
    untold = spool_->take_untold_losses();
  }
  append_ns_.fetch_add(static_cast<std::uint64_t>(monotonic_ns() - begin_ns),
                       std::memory_order_relaxed);
  appended_total_.fetch_add(stored, std::memory_order_relaxed);
  unsynced_records_ += stored;
  {
    const std::lock_guard lock{mutex_};
    for (const Loss& loss : untold) recent_.add_loss(loss);
    if (stored > 0) progress_.stored = batch[stored - 1].index + 1;
    if (appended) failing_ = false;
  }
  for (std::size_t i = 0; i < stored; ++i) {
    const SinkRecord& record = *batch[i].record;
    if (record.kind == RecordKind::Gap) continue;
    durable_.store(std::max(durable_.load(std::memory_order_relaxed), record.sequence),
                   std::memory_order_relaxed);
  }
  readable_.notify_all();
  if (appended && std::exchange(failure_told_, false)) log_->info("spool works again");
  if (!appended) disk_failed(appended.error());
  return static_cast<bool>(appended);
}

void ResultLog::disk_failed(const Error& error) {
  {
    const std::lock_guard lock{mutex_};
    failing_ = true;
  }
  readable_.notify_all();
  if (!std::exchange(failure_told_, true)) {
    log_->error("spool failing reason={}: results go to the sinks from memory",
                log_value(error.message));
  }
}

void ResultLog::sync(bool now) {
  if (unsynced_records_ == 0) return;
  const std::int64_t now_ns = monotonic_ns();
  if (unsynced_since_ns_ == 0) unsynced_since_ns_ = now_ns;
  const bool due = now || unsynced_records_ >= limits::kSpoolSyncRecords ||
                   now_ns - unsynced_since_ns_ >= ns_of(limits::kSpoolSyncTime);
  if (!due) return;
  std::shared_ptr<const UniqueFd> file;
  {
    const std::lock_guard disk{disk_mutex_};
    file = spool_->unsynced();
  }
  // Where it fails the next append does, too, and that is told.
  if (file) ::fdatasync(file->get());
  unsynced_records_ = 0;
  unsynced_since_ns_ = 0;
}

}  // namespace bulkhead::worker
