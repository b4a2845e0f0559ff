#include "supervisor/history/untrusted_vfs.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"

namespace bulkhead::supervisor {

namespace {

thread_local std::int64_t read_deadline_ns = INT64_MAX;

/// Without a descriptor: a log that is not there, and so is empty.
struct File {
  sqlite3_file base;
  int fd;
  std::uint64_t most_bytes;
};

File& file_of(sqlite3_file* base) { return *reinterpret_cast<File*>(base); }

int close_file(sqlite3_file* base) {
  UniqueFd{file_of(base).fd}.reset();
  return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* into, int bytes, sqlite3_int64 offset) {
  if (ReadDeadline::is_over()) return SQLITE_IOERR_READ;
  auto* at = static_cast<char*>(into);
  auto left = static_cast<std::size_t>(bytes);
  while (left > 0 && file_of(base).fd >= 0) {
    const ssize_t got = ::pread(file_of(base).fd, at, left, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SQLITE_IOERR_READ;
    if (got == 0) break;
    at += got;
    left -= static_cast<std::size_t>(got);
    offset += got;
  }
  if (left == 0) return SQLITE_OK;
  std::memset(at, 0, left);  // what SQLite asks of a short read
  return SQLITE_IOERR_SHORT_READ;
}

int file_size(sqlite3_file* base, sqlite3_int64* bytes) {
  *bytes = 0;
  if (file_of(base).fd < 0) return SQLITE_OK;
  struct stat status {};
  if (::fstat(file_of(base).fd, &status) != 0) return SQLITE_IOERR_FSTAT;
  if (static_cast<std::uint64_t>(status.st_size) > file_of(base).most_bytes) {
    return SQLITE_IOERR_FSTAT;
  }
  *bytes = status.st_size;
  return SQLITE_OK;
}

// Nothing is ever written. Locks are StillHistory's: SQLite's own would be nobody's to see.
int refuse_write(sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; }
int refuse_truncate(sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; }
int sync_nothing(sqlite3_file*, int) { return SQLITE_OK; }
int lock_nothing(sqlite3_file*, int) { return SQLITE_OK; }
int nobody_reserves(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}
int control_nothing(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 0; }
int no_characteristics(sqlite3_file*) { return 0; }

sqlite3_io_methods methods() {
  sqlite3_io_methods all{};
  all.iVersion = 1;  // neither maps memory nor shares an index
  all.xClose = close_file;
  all.xRead = read_file;
  all.xWrite = refuse_write;
  all.xTruncate = refuse_truncate;
  all.xSync = sync_nothing;
  all.xFileSize = file_size;
  all.xLock = lock_nothing;
  all.xUnlock = lock_nothing;
  all.xCheckReservedLock = nobody_reserves;
  all.xFileControl = control_nothing;
  all.xSectorSize = sector_size;
  all.xDeviceCharacteristics = no_characteristics;
  return all;
}

const sqlite3_io_methods kMethods = methods();

/// O_NONBLOCK: a FIFO is not waited for.
UniqueFd open_regular(const char* path) {
  UniqueFd fd{::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)};
  struct stat status {};
  if (fd && (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    fd.reset();
    errno = EINVAL;
  }
  return fd;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* opened_as) {
  base->pMethods = nullptr;
  const bool is_log = (flags & SQLITE_OPEN_WAL) != 0;
  if (name == nullptr || (!is_log && (flags & SQLITE_OPEN_MAIN_DB) == 0)) return SQLITE_CANTOPEN;
  UniqueFd fd = open_regular(name);
  if (!fd && (!is_log || errno != ENOENT)) return SQLITE_CANTOPEN;
  File& file = *new (base) File{};
  file.fd = fd.release();
  file.most_bytes = is_log ? limits::kHistoryWalBytes : UINT64_MAX;
  file.base.pMethods = &kMethods;
  if (opened_as != nullptr) {
    *opened_as = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  return SQLITE_OK;
}

int refuse_delete(sqlite3_vfs*, const char*, int) { return SQLITE_READONLY; }

/// A rollback journal, which a hostile hand could put there, is none of ours.
int access_file(sqlite3_vfs*, const char* name, int, int* there) {
  const std::string_view path{name};
  *there = path.ends_with("-wal") && ::access(name, F_OK) == 0 ? 1 : 0;
  return SQLITE_OK;
}

/// Paths are given whole.
int full_path(sqlite3_vfs*, const char* name, int room, char* into) {
  const std::size_t bytes = std::strlen(name) + 1;
  if (bytes > static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
  std::memcpy(into, name, bytes);
  return SQLITE_OK;
}

/// Takes the lock if nobody holds one against it. Of the open file, so that another descriptor of
/// this process that is closed does not let go of it, as it would with POSIX's own.
bool share_lock(int fd, off_t start) {
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

// Where SQLite locks what (its file format, "locking" and "wal-index"): part of the format.
constexpr off_t kSharedByte = 0x40000002;  // of the database: who closes it last wants it alone
constexpr off_t kCheckpointByte = 121;     // of the index: moving pages into the database
constexpr off_t kLastReaderByte = 127;     // of the index: beginning the log anew

std::string index_of(const std::filesystem::path& database) { return database.string() + "-shm"; }

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool still_names(const std::string& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && is_same(named, opened);
}

}  // namespace

bool register_untrusted_vfs() {
  // Everything but files is the machine's own.
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = *sqlite3_vfs_find(nullptr);
    made.pNext = nullptr;
    made.zName = kUntrustedVfs;
    made.szOsFile = sizeof(File);
    made.pAppData = nullptr;
    made.xOpen = open_file;
    made.xDelete = refuse_delete;
    made.xAccess = access_file;
    made.xFullPathname = full_path;
    return made;
  }();
  static const bool registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  return registered;
}

ReadDeadline::ReadDeadline(std::int64_t until_ns) noexcept
    : former_ns_{std::exchange(read_deadline_ns, until_ns)} {}

ReadDeadline::~ReadDeadline() { read_deadline_ns = former_ns_; }

bool ReadDeadline::is_over() noexcept { return monotonic_ns() > read_deadline_ns; }

StillHistory::StillHistory(std::filesystem::path database, UniqueFd held, UniqueFd index) noexcept
    : database_{std::move(database)}, held_{std::move(held)}, index_{std::move(index)} {}

Result<StillHistory> StillHistory::hold(const std::filesystem::path& database) {
  UniqueFd held = open_regular(database.c_str());
  if (!held) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io;
    return errno_error(code, "the history cannot be read");
  }
  UniqueFd index = open_regular(index_of(database).c_str());
  if (!index && errno != ENOENT) return errno_error(ErrorCode::Io, "the history cannot be read");
  const bool locked =
      share_lock(held.get(), kSharedByte) && (!index || (share_lock(index.get(), kCheckpointByte) &&
                                                         share_lock(index.get(), kLastReaderByte)));
  if (!locked) {
    return Error{ErrorCode::Unavailable, "the history is being tidied; try again", {}};
  }
  return StillHistory{database, std::move(held), std::move(index)};
}

bool StillHistory::was_still() const {
  if (!still_names(database_.string(), held_.get())) return false;
  const std::string index = index_of(database_);
  return index_ ? still_names(index, index_.get()) : ::access(index.c_str(), F_OK) != 0;
}

}  // namespace bulkhead::supervisor
