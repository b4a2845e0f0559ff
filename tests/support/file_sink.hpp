#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/hang_limit.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::test {

/// What a FileSink was given and what it is told to do; outlives it. For any thread.
class FileSinkControl {
 public:
  using Key = std::pair<Generation, Sequence>;

  /// Everything fails for a time while it is down.
  void set_down(bool down) {
    change([&] { down_ = down; });
  }
  /// Refuses this record for good.
  void refuse(Sequence sequence) {
    change([&] { refused_.insert(sequence); });
  }
  void refuse_all(bool all) {
    change([&] { refuses_all_ = all; });
  }
  /// Calls of write() do not return while it is held.
  void set_held(bool held) {
    change([&] { held_ = held; });
  }

  /// Until `is_so`, asked after each call of the sink; false at the hang limit.
  bool wait(const std::function<bool()>& is_so) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, kHangLimit, is_so);
  }
  bool wait_written(std::size_t records) {
    return wait([&] { return written_.size() >= records; });
  }
  bool wait_attempts(std::size_t attempts) {
    const std::size_t before = attempts_;
    return wait([&] { return attempts_ >= before + attempts; });
  }

  [[nodiscard]] std::vector<worker::SinkRecord> written() const {
    const std::lock_guard lock{mutex_};
    return written_;
  }
  /// How many records each write was given, failed ones too.
  [[nodiscard]] std::vector<std::size_t> batches() const {
    const std::lock_guard lock{mutex_};
    return batches_;
  }

 private:
  friend class FileSink;

  void change(const std::function<void()>& how) {
    {
      const std::lock_guard lock{mutex_};
      how();
    }
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool down_ = false;
  bool refuses_all_ = false;
  bool held_ = false;
  std::set<Sequence> refused_;
  std::size_t attempts_ = 0;  // calls of open and write
  std::vector<std::size_t> batches_;
  std::set<Key> keys_;
  std::vector<worker::SinkRecord> written_;
};

/// A small real sink: one line `generation sequence kind` for each record, appended to a file, a
/// batch at once; a key that is there already changes nothing, also after a new start.
class FileSink final : public worker::Sink {
 public:
  FileSink(std::filesystem::path file, std::shared_ptr<FileSinkControl> control)
      : file_{std::move(file)}, control_{std::move(control)} {
    std::ifstream lines{file_};
    Generation generation = 0;
    Sequence sequence = 0;
    int kind = 0;
    while (lines >> generation >> sequence >> kind) control_->keys_.emplace(generation, sequence);
  }

  Result<> open() override {
    Result<> result;
    control_->change([&] {
      ++control_->attempts_;
      if (control_->down_) result = Error{ErrorCode::Unavailable, "the sink is down", {}};
    });
    return result;
  }

  Result<> write(std::span<const worker::SinkRecord> batch) override {
    {
      std::unique_lock lock{control_->mutex_};
      control_->batches_.push_back(batch.size());
      control_->changed_.notify_all();
      control_->changed_.wait(lock, [&] { return !control_->held_; });
    }
    Result<> result;
    control_->change([&] { result = write_locked(batch); });
    return result;
  }

  [[nodiscard]] std::string_view kind() const noexcept override { return "file"; }

 private:
  Result<> write_locked(std::span<const worker::SinkRecord> batch) {
    ++control_->attempts_;
    if (control_->down_) return Error{ErrorCode::ConnectFailed, "the sink is down", {}};
    std::string lines;
    for (const auto& record : batch) {
      if (control_->refuses_all_ || control_->refused_.contains(record.sequence)) {
        return Error{ErrorCode::InvalidParams, "the sink does not take it", {}};
      }
      if (control_->keys_.contains({record.generation, record.sequence})) continue;
      lines += std::to_string(record.generation) + ' ' + std::to_string(record.sequence) + ' ' +
               std::to_string(static_cast<int>(record.kind)) + '\n';
    }
    const UniqueFd fd{::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (::write(fd.get(), lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) {
      return errno_error(ErrorCode::Io, file_.string());
    }
    for (const auto& record : batch) {
      if (control_->keys_.emplace(record.generation, record.sequence).second) {
        control_->written_.push_back(record);
      }
    }
    return {};
  }

  std::filesystem::path file_;
  std::shared_ptr<FileSinkControl> control_;
};

}  // namespace bulkhead::test
