#pragma once

#include <cstdint>
#include <filesystem>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// The name under which SQLite knows the files of `register_untrusted_vfs`.
inline constexpr const char* kUntrustedVfs = "bulkhead-untrusted";

/// SQLite's door to files that somebody else writes, who may be hostile. It only reads: regular
/// files, through no link, with pread. Nothing is mapped, so a file that is cut short meanwhile is
/// a read that ends early and no SIGBUS; nothing is written, made, removed or locked by SQLite; and
/// no read begins past the deadline of its thread. The log of a database (`-wal`) is read, too; its
/// index (`-shm`) is not believed but made again in memory, which `PRAGMA locking_mode=EXCLUSIVE`
/// asks for. Idempotent; false: SQLite refused it.
[[nodiscard]] bool register_untrusted_vfs();

/// While it lives, reads of this thread fail once the deadline (monotonic) is over.
class ReadDeadline {
 public:
  explicit ReadDeadline(std::int64_t until_ns) noexcept;
  ~ReadDeadline();
  ReadDeadline(const ReadDeadline&) = delete;
  ReadDeadline& operator=(const ReadDeadline&) = delete;

  [[nodiscard]] static bool is_over() noexcept;  // of this thread; false where there is none

 private:
  std::int64_t former_ns_;
};

/// Keeps whoever writes a database in WAL mode from moving pages of its log into it, and from
/// writing its log from the beginning: by the locks that SQLite itself would take, shared ones, and
/// beside nothing else of it. So what is read meanwhile is of one moment. Results are written on.
class StillHistory {
 public:
  /// Unavailable: the pages are being moved right now, try again; NotFound: no such file; Io:
  /// what is there is no regular file, or cannot be read.
  static Result<StillHistory> hold(const std::filesystem::path& database);

  /// Whether it was of one moment all the time: nobody has begun to write who was not there at the
  /// beginning, and nobody has put another file in its place.
  [[nodiscard]] bool was_still() const;

 private:
  StillHistory(std::filesystem::path database, UniqueFd held, UniqueFd index) noexcept;

  std::filesystem::path database_;
  UniqueFd held_;
  UniqueFd index_;  // none: nobody had it open
};

}  // namespace bulkhead::supervisor
