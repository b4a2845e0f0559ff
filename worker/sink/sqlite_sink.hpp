#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/history_writer.hpp"
#include "worker/sink/sink.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

struct SqliteSinkOptions {
  SubscriptionId session;
  std::filesystem::path folder;  // ipc::history_folder; exists, and is this session's alone
  std::chrono::seconds max_age = limits::kHistoryFileAge;
  std::uint64_t max_bytes = limits::kHistoryFileBytes;
  std::shared_ptr<spdlog::logger> log = {};  // null: nobody is told
};

/// The history of one session on this machine's disk. Needs nobody, so it works where no server
/// does; the supervisor reads it for clients (supervisor/history) while it is written and after.
///
/// A batch is one transaction. After each, one short step of retention (HistoryWriter::retain).
/// What is kept is what somebody could look for: a frame in which nothing was seen counts as
/// written and takes no room. Text that is no JSON within limits::kJsonBytes is InvalidParams.
///
/// A file that is damaged, or of another session, is set aside beside it under one name, the last
/// one, and begun anew; a file that was removed while it was open is noticed with the next batch
/// and begun anew, too. Both are told to the log. One that a newer Bulkhead has written is
/// VersionMismatch, and is left alone.
///
/// Beside the database SQLite makes `-wal` and `-shm` and takes them away when it is closed in
/// order; nothing else is written. A confined worker needs of its folder, and of nothing else:
/// read, write and truncate files, make and remove them, rename within it (setting aside), and read
/// the folder itself (SQLite syncs it). Locks are fcntl's; memory is mapped of `-shm` only.
///
/// Waits at most limits::kHistoryBusyTime for a reader or a worker that hands over; a disk that
/// does not answer blocks it, which is why a sink has a thread to itself.
class SqliteSink final : public Sink {
 public:
  explicit SqliteSink(SqliteSinkOptions options);
  ~SqliteSink() override;

  Result<> open() override;
  Result<> write(std::span<const SinkRecord> batch) override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "sqlite"; }

 private:
  struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const FileId&) const = default;
  };

  [[nodiscard]] std::optional<FileId> file_id() const;
  Result<> try_open();
  Result<> set_aside(std::string_view why);
  Result<> fail(Error error);
  void retain(std::size_t written);

  const SqliteSinkOptions options_;
  const std::filesystem::path file_;
  std::unique_ptr<HistoryWriter> writer_;  // null: not open
  std::optional<FileId> opened_;
  bool is_damaged_ = false;  // told by SQLite while it was open
};

}  // namespace bulkhead::worker
