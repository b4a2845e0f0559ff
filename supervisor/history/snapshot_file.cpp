#include "supervisor/history/snapshot_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "common/clock.hpp"
#include "common/snapshot_limits.hpp"
#include "common/unique_fd.hpp"
#include "ipc/history_file.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A FIFO does not wait for its writer, a terminal does not become ours.
constexpr int kFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr std::string_view kJpegBegins{"\xff\xd8\xff"};

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

/// Each part by itself: O_NOFOLLOW is about the last one of a path only.
UniqueFd open_folder(const fs::path& session_folder) {
  const UniqueFd session{::open(session_folder.c_str(), kFolder)};
  if (!session) return {};
  return UniqueFd{::openat(session.get(), ipc::kSnapshotFolder, kFolder)};
}

Error unopened(const std::string& name) {
  if (errno == ENOENT) {
    return {
        ErrorCode::NotFound,
        "there is no picture " + name + "; it may have been too old to be kept, or one too many",
        {}};
  }
  // ELOOP, ENOTDIR: a link, or a file where a folder should be. ENXIO: a socket.
  if (errno == ELOOP || errno == ENOTDIR || errno == ENXIO) {
    return {ErrorCode::Corrupt, "what is kept as the picture " + name + " is no file", {}};
  }
  return errno_error(ErrorCode::Io, "the picture " + name + " cannot be read");
}

/// Less than `size` where the file was cut short meanwhile.
Result<std::string> read_up_to(int file, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(ErrorCode::Io, "read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return {boost::system::in_place_value, std::move(bytes)};
}

/// By the time that its owner cannot set.
bool is_older(int folder, const char* name, std::int64_t before_ns) {
  struct stat status {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_ctim.tv_sec < before_ns / kNsPerSecond;
}

}  // namespace

Result<std::string> read_snapshot(const fs::path& history_dir, const SnapshotQuery& query) {
  const std::string name = ipc::snapshot_file_name(query.capture_wall_ns, query.kind);
  const UniqueFd folder = open_folder(ipc::history_folder(history_dir, query.session));
  if (!folder) return unopened(name);
  const UniqueFd file{::openat(folder.get(), name.c_str(), kFile)};
  if (!file) return unopened(name);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return unopened(name);
  const Error corrupt{
      ErrorCode::Corrupt, "what is kept as the picture " + name + " is no JPEG", {}};
  const bool may_be_one = S_ISREG(status.st_mode) && status.st_size > 0 &&
                          static_cast<std::size_t>(status.st_size) <= limits::kSnapshotBytes;
  if (!may_be_one) return corrupt;
  auto bytes = read_up_to(file.get(), static_cast<std::size_t>(status.st_size));
  if (!bytes) return bytes.error();
  if (!bytes->starts_with(kJpegBegins)) return corrupt;
  return bytes;
}

std::size_t sweep_snapshots(const fs::path& session_folder, std::int64_t before_ns) {
  UniqueFd opened = open_folder(session_folder);
  if (!opened) return 0;
  const std::unique_ptr<DIR, CloseFolder> folder{::fdopendir(opened.get())};
  if (!folder) return 0;
  const int fd = opened.release();  // it is the stream's now
  std::size_t gone = 0;
  std::size_t looked_at = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has its own stream
  for (const dirent* entry = ::readdir(folder.get());
       entry != nullptr && looked_at < limits::kSnapshotFiles && gone < limits::kSnapshotSweepFiles;
       entry = ::readdir(folder.get()), ++looked_at) {  // NOLINT(concurrency-mt-unsafe)
    // A folder is refused by unlinkat, "." and ".." among them.
    if (!is_older(fd, entry->d_name, before_ns)) continue;
    if (::unlinkat(fd, entry->d_name, 0) == 0) ++gone;
  }
  return gone;
}

}  // namespace bulkhead::supervisor
