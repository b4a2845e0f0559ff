#include "worker/snapshot/snapshot_writer.hpp"

#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/resource.h>

#include <exception>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"
#include "common/snapshot_limits.hpp"
#include "worker/publish/jpeg.hpp"

namespace bulkhead::worker {

namespace {

using ipc::SnapshotKind;

constexpr std::int64_t kCountNs = std::chrono::nanoseconds{limits::kSnapshotCount}.count();
constexpr int kNice = 10;  // a tenth of the processor time of an ordinary thread beside it

void run_behind_others() {
  ::pthread_setname_np(::pthread_self(), "snapshot");
  ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread
}

}  // namespace

SnapshotWriter::SnapshotWriter(const std::filesystem::path& folder, const SnapshotBounds& bounds,
                               std::shared_ptr<spdlog::logger> log)
    : folder_{folder},
      bounds_{bounds},
      log_{std::move(log)},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

SnapshotWriter::~SnapshotWriter() = default;

void SnapshotWriter::offer(WantedSnapshot wanted) {
  std::optional<WantedSnapshot> dropped;  // its picture goes back to its decoder outside the lock
  {
    const std::lock_guard lock{mutex_};
    if (is_closed_) return;
    if (waiting_.size() == limits::kSnapshotsWaiting) {
      dropped = std::move(waiting_.front());
      waiting_.pop_front();
      dropped_total_.fetch_add(1, std::memory_order_relaxed);
    }
    waiting_.push_back(std::move(wanted));
  }
  offered_.notify_one();
}

SnapshotCounters SnapshotWriter::counters() const noexcept {
  return {.written_total = written_total_.load(std::memory_order_relaxed),
          .dropped_total = dropped_total_.load(std::memory_order_relaxed),
          .failed_total = failed_total_.load(std::memory_order_relaxed)};
}

void SnapshotWriter::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
  }
  offered_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SnapshotWriter::run(const std::stop_token& stop) {
  run_behind_others();
  std::int64_t count_due_ns = 0;
  while (!is_over(stop)) {
    if (monotonic_ns() >= count_due_ns) {
      folder_.count(wall_ns());
      count_due_ns = monotonic_ns() + kCountNs;
    }
    const bool is_within = folder_.retain(bounds_, wall_ns());
    const auto wanted = next(stop, is_within ? std::chrono::milliseconds{limits::kSnapshotLook}
                                             : limits::kSnapshotStepPause);
    if (wanted) keep(*wanted);
  }
}

bool SnapshotWriter::is_over(const std::stop_token& stop) {
  const std::lock_guard lock{mutex_};
  return stop.stop_requested() || (is_closed_ && waiting_.empty());
}

std::optional<WantedSnapshot> SnapshotWriter::next(const std::stop_token& stop,
                                                   std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  offered_.wait_for(lock, stop, patience, [this] { return is_closed_ || !waiting_.empty(); });
  if (waiting_.empty() || stop.stop_requested()) return std::nullopt;
  std::optional<WantedSnapshot> wanted{std::move(waiting_.front())};
  waiting_.pop_front();
  return wanted;
}

void SnapshotWriter::keep(const WantedSnapshot& wanted) {
  Result<> written{};
  try {
    written = write(wanted);
  } catch (const std::exception& exception) {  // OpenCV's, or no memory for a large picture
    written = Error{ErrorCode::Internal, exception.what(), {}};
  }
  (written ? written_total_ : failed_total_).fetch_add(1, std::memory_order_relaxed);
  say(written);
}

Result<> SnapshotWriter::write(const WantedSnapshot& wanted) {
  if (auto written = write(wanted.frame, SnapshotKind::AsSent); !written) return written;
  return write(with_boxes(wanted.frame, wanted.boxes), SnapshotKind::WithBoxes);
}

Result<> SnapshotWriter::write(const Frame& frame, SnapshotKind kind) {
  for (int quality = limits::kSnapshotQuality; quality >= 1; quality /= 2) {
    const auto jpeg = encode_jpeg(frame, quality);
    if (!jpeg) return jpeg.error();
    if (jpeg->size() <= limits::kSnapshotBytes) {
      return folder_.write(frame.capture_wall_ns, kind, *jpeg);
    }
  }
  return Error{ErrorCode::LimitReached, "the picture is too large to be kept", {}};
}

void SnapshotWriter::say(const Result<>& written) {
  if (is_failing_ == !written) return;
  is_failing_ = !written;
  if (is_failing_) {
    log_->error("snapshots are not kept, each is tried, text={}",
                log_value(written.error().message));
  } else {
    log_->info("snapshots are kept again");
  }
}

std::unique_ptr<SnapshotWriter> snapshot_writer_of(const ipc::StartMessage& start,
                                                   const std::shared_ptr<spdlog::logger>& log) {
  constexpr std::uint64_t kMegabyte = std::uint64_t{1024} * 1024;
  for (const SinkSpec& sink : start.sinks) {
    const auto* history = std::get_if<SqliteSinkSpec>(&sink.place);
    if (history == nullptr) continue;
    const std::chrono::nanoseconds age = std::chrono::days{history->retention_days};
    return std::make_unique<SnapshotWriter>(
        std::filesystem::path{start.history_dir} / ipc::kSnapshotFolder,
        SnapshotBounds{.max_age_ns = age.count(),
                       .max_bytes = history->snapshots_max_mb * kMegabyte},
        log);
  }
  return nullptr;
}

}  // namespace bulkhead::worker
