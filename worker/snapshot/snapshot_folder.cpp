#include "worker/snapshot/snapshot_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>

#include "common/snapshot_limits.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;
using ipc::SnapshotKind;

constexpr std::int64_t kTornNs = std::chrono::nanoseconds{limits::kSnapshotTorn}.count();
constexpr mode_t kOwnersAlone = 0600;
constexpr mode_t kOwnersFolder = 0700;

struct KeptFile {
  std::int64_t capture_wall_ns = 0;
  bool is_torn = false;  // or being written right now
};

/// None: it is none of ours.
std::optional<KeptFile> kept_file_of(const std::string& name) {
  std::string_view whole{name};
  const bool is_torn = whole.ends_with(ipc::kTornSuffix);
  if (is_torn) whole.remove_suffix(ipc::kTornSuffix.size());
  const auto captured = ipc::parse_snapshot_name(whole.substr(0, whole.find('.')));
  if (!captured) return std::nullopt;
  for (const SnapshotKind kind : {SnapshotKind::AsSent, SnapshotKind::WithBoxes}) {
    if (whole == ipc::snapshot_file_name(*captured, kind)) return KeptFile{*captured, is_torn};
  }
  return std::nullopt;
}

Result<> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error(ErrorCode::Io, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

UniqueFd open_new(const std::string& file) {
  return UniqueFd{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnersAlone)};
}

}  // namespace

void SnapshotFolder::add(std::int64_t capture_wall_ns, std::uint64_t file_bytes) {
  const std::uint64_t bytes = std::max(file_bytes, limits::kSnapshotFloorBytes);
  frames_[capture_wall_ns] += bytes;
  bytes_ += bytes;
}

void SnapshotFolder::count(std::int64_t now_wall_ns) {
  frames_.clear();
  bytes_ = 0;
  std::error_code failed;
  fs::directory_iterator entries{path_, failed};
  for (std::size_t looked_at = 0;
       !failed && entries != fs::directory_iterator{} && looked_at < limits::kSnapshotFiles;
       entries.increment(failed), ++looked_at) {
    const auto kept = kept_file_of(entries->path().filename().string());
    if (!kept) continue;
    if (kept->is_torn) {
      if (kept->capture_wall_ns < now_wall_ns - kTornNs) ::unlink(entries->path().c_str());
      continue;
    }
    struct stat status {};
    if (::lstat(entries->path().c_str(), &status) != 0) continue;
    add(kept->capture_wall_ns, static_cast<std::uint64_t>(status.st_size));
  }
}

Result<> SnapshotFolder::write_part(const std::string& part,
                                    std::span<const std::byte> jpeg) const {
  UniqueFd file = open_new(part);
  if (!file && errno == ENOENT) {
    ::mkdir(path_.c_str(), kOwnersFolder);  // or another worker does so at this moment
    file = open_new(part);
  }
  if (!file) return errno_error(ErrorCode::Io, "open");
  return write_all(file.get(), jpeg);
}

Result<> SnapshotFolder::write(std::int64_t capture_wall_ns, SnapshotKind kind,
                               std::span<const std::byte> jpeg) {
  const std::string whole = (path_ / ipc::snapshot_file_name(capture_wall_ns, kind)).string();
  const std::string part = whole + std::string{ipc::kTornSuffix};
  Result<> written = write_part(part, jpeg);
  if (written && ::rename(part.c_str(), whole.c_str()) != 0) {
    written = errno_error(ErrorCode::Io, "rename");
  }
  if (!written) {
    ::unlink(part.c_str());
    return Error{ErrorCode::Io, whole + " cannot be written: " + written.error().message, {}};
  }
  add(capture_wall_ns, jpeg.size());
  return {};
}

bool SnapshotFolder::retain(const SnapshotBounds& bounds, std::int64_t now_wall_ns) {
  const std::int64_t oldest_ns = now_wall_ns - bounds.max_age_ns;
  for (std::size_t taken = 0; !frames_.empty(); ++taken) {
    const auto& [captured_ns, bytes] = *frames_.begin();
    const bool is_one_too_many = bytes_ > bounds.max_bytes || frames_.size() > bounds.max_frames;
    if (captured_ns >= oldest_ns && !is_one_too_many) break;
    if (taken == limits::kSnapshotStepFrames) return false;
    for (const SnapshotKind kind : {SnapshotKind::AsSent, SnapshotKind::WithBoxes}) {
      ::unlink((path_ / ipc::snapshot_file_name(captured_ns, kind)).c_str());
    }
    bytes_ -= bytes;
    frames_.erase(frames_.begin());
  }
  return true;
}

}  // namespace bulkhead::worker
