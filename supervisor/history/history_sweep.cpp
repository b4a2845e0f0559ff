#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "common/unique_fd.hpp"
#include "ipc/history_file.hpp"
#include "supervisor/history/history_page.hpp"
#include "supervisor/history/snapshot_file.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

/// When it was written last, with its log; 0: there is none.
std::int64_t written_ns(const std::string& database) {
  std::int64_t latest = 0;
  for (const char* part : {"", "-wal"}) {
    struct stat status {};
    if (::lstat((database + part).c_str(), &status) != 0) continue;
    latest = std::max(latest, status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec);
  }
  return latest;
}

/// Whoever has it open holds a lock on it for as long (SQLite's shared one). A worker whose camera
/// is away for a week must find its file when it is back.
bool is_open_somewhere(const std::string& database) {
  constexpr off_t kSharedFirst = 0x40000002;
  constexpr off_t kSharedBytes = 510;
  const UniqueFd fd{::open(database.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!fd) return false;  // a link, say: nobody's history
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kSharedFirst;
  lock.l_len = kSharedBytes;
  return ::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool sweep_one(const fs::path& file, std::int64_t before_ns) {
  const std::string database = file.string();
  const std::int64_t written = written_ns(database);
  if (written == 0 || written >= before_ns || is_open_somewhere(database)) return false;
  bool gone = false;
  for (const char* part : {"-wal", "-shm", ""}) gone = ::unlink((database + part).c_str()) == 0;
  return gone;
}

}  // namespace

std::size_t sweep_history(const fs::path& history_dir, std::int64_t max_age_ns) {
  const std::int64_t before_ns = wall_ns() - max_age_ns;
  std::size_t gone = 0;
  std::size_t looked_at = 0;
  std::error_code failed;
  fs::directory_iterator entries{history_dir, failed};
  for (; !failed && entries != fs::directory_iterator{} && looked_at < limits::kHistoryFolders;
       entries.increment(failed), ++looked_at) {
    std::error_code ignored;
    if (entries->is_symlink(ignored) || !entries->is_directory(ignored)) continue;
    const fs::path folder = entries->path();
    sweep_one(folder / ipc::kHistoryAsideName, before_ns);
    // The folder stays: a worker that starts now may be about to use it.
    gone += sweep_one(folder / ipc::kHistoryFileName, before_ns) ? 1 : 0;
    // Also beside a worker: it would take them away itself.
    sweep_snapshots(folder, before_ns);
  }
  return gone;
}

}  // namespace bulkhead::supervisor
