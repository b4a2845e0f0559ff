#include "supervisor/cli/log_follower.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

Failure failed(const std::string& what) {
  return {Exit::Refused, errno_error(ErrorCode::Io, what).message};
}

UniqueFd open_log(const std::filesystem::path& file) {
  return UniqueFd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
}

}  // namespace

LogFollower::LogFollower(std::filesystem::path file, UniqueFd log, UniqueFd watch) noexcept
    : file_{std::move(file)}, log_{std::move(log)}, watch_{std::move(watch)} {}

Outcome<LogFollower> LogFollower::open(const std::filesystem::path& file) {
  UniqueFd log = open_log(file);
  if (!log) return failed("cannot read " + file.string());
  UniqueFd watch{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!watch) return failed("cannot watch " + file.string());
  LogFollower follower{file, std::move(log), std::move(watch)};
  // The folder tells of a new file under the old name.
  if (::inotify_add_watch(follower.watch_.get(), file.parent_path().c_str(),
                          IN_CREATE | IN_MOVED_TO) < 0) {
    return failed("cannot watch " + file.parent_path().string());
  }
  follower.watch_file();
  return follower;
}

void LogFollower::watch_file() {
  // A failure means that the file went away again; the folder's watch tells of its successor.
  ::inotify_add_watch(watch_.get(), file_.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB);
}

Outcome<std::string> LogFollower::last_lines(std::size_t count) {
  const off_t end = ::lseek(log_.get(), 0, SEEK_END);
  if (end < 0) return failed("cannot read " + file_.string());
  // Backwards in chunks until one line end more than wanted is there: it precedes the first line.
  std::string text;
  off_t start = end;
  std::size_t line_ends = 0;
  while (start > 0 && line_ends <= count && text.size() < limits::kCliLogBytes) {
    std::string chunk(std::min<std::size_t>(kChunkBytes, static_cast<std::size_t>(start)), '\0');
    start -= static_cast<off_t>(chunk.size());
    const ssize_t got = ::pread(log_.get(), chunk.data(), chunk.size(), start);
    if (got < 0) return failed("cannot read " + file_.string());
    chunk.resize(static_cast<std::size_t>(got));
    line_ends += static_cast<std::size_t>(std::count(chunk.begin(), chunk.end(), '\n'));
    text.insert(0, chunk);
  }
  while (line_ends > count) {
    text.erase(0, text.find('\n') + 1);
    --line_ends;
  }
  return count == 0 ? std::string{} : text;
}

Outcome<std::string> LogFollower::read_on() {
  std::string text(kChunkBytes, '\0');
  ssize_t got = 0;
  do {
    got = ::read(log_.get(), text.data(), text.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return failed("cannot read " + file_.string());
  text.resize(static_cast<std::size_t>(got));
  return text;
}

/// What follows the present end under this name: nothing, the beginning of the same file that was
/// cut short, or of another file.
LogFollower::Next LogFollower::look() const {
  struct stat named {};
  struct stat opened {};
  if (::stat(file_.c_str(), &named) != 0 || ::fstat(log_.get(), &opened) != 0) return Next::Nothing;
  if (named.st_ino != opened.st_ino || named.st_dev != opened.st_dev) return Next::Successor;
  return opened.st_size < ::lseek(log_.get(), 0, SEEK_CUR) ? Next::Truncated : Next::Nothing;
}

bool LogFollower::start_over(Next next) {
  if (next == Next::Successor) {
    UniqueFd successor = open_log(file_);
    if (!successor) return false;  // gone again; the folder's watch tells of the next one
    log_ = std::move(successor);
    watch_file();
  }
  return ::lseek(log_.get(), 0, SEEK_SET) == 0;
}

void LogFollower::wait(std::chrono::milliseconds limit) const {
  pollfd changed{watch_.get(), POLLIN, 0};
  if (::poll(&changed, 1, static_cast<int>(limit.count())) <= 0) return;
  alignas(inotify_event) std::array<char, 4096> events{};
  while (::read(watch_.get(), events.data(), events.size()) > 0) {
    // Which event it was does not matter: the file itself is looked at.
  }
}

Outcome<std::string> LogFollower::next(std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + limit;
  while (true) {
    // Looked at first: lines written before the rotation are then still read from the old file.
    const Next after = look();
    auto text = read_on();
    if (!text || !text->empty()) return text;
    if (after != Next::Nothing && start_over(after)) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return std::string{};
    wait(left);
  }
}

}  // namespace bulkhead::cli
