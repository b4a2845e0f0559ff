#include "supervisor/log/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "common/redaction.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

/// Lines from the newest on, of one file after the other, until there are enough.
class BackwardSearch {
 public:
  BackwardSearch(const LogFilter& filter, const LastLinesLimits& limits)
      : filter_{filter}, limits_{limits} {}

  /// False: no more is wanted.
  bool search(int fd, off_t end, bool with_unfinished) {
    std::string carry;  // the beginning of a line whose start has not been read
    bool is_unfinished = true;
    std::string chunk;
    while (end > 0) {
      if (searched_bytes_ >= limits_.searched_bytes) return stop_early();
      const std::size_t wanted = std::min(
          {kChunkBytes, static_cast<std::size_t>(end), limits_.searched_bytes - searched_bytes_});
      end -= static_cast<off_t>(wanted);
      chunk.resize(wanted);
      if (read_at(fd, chunk.data(), wanted, end) != wanted) return true;  // cut short meanwhile
      searched_bytes_ += wanted;
      std::string_view rest{chunk};
      for (auto at = rest.rfind('\n'); at != std::string_view::npos; at = rest.rfind('\n')) {
        const std::string line = std::string{rest.substr(at + 1)} + carry;
        carry.clear();
        rest = rest.substr(0, at);
        const bool is_last = std::exchange(is_unfinished, false);
        // Behind the last line's end there is no line, unless it was begun.
        if (is_last && (line.empty() || !with_unfinished)) continue;
        if (!take(line)) return false;
      }
      carry.insert(0, rest);
      // A longer line is cut at its end, which has been read already.
      carry.resize(std::min(carry.size(), limits_.line_bytes));
    }
    const bool counts = !is_unfinished || (with_unfinished && !carry.empty());
    return !counts || take(carry);
  }

  LastLines finish() && {
    std::reverse(found_.lines.begin(), found_.lines.end());
    return std::move(found_);
  }

 private:
  bool take(std::string_view line) {
    if (filter_.is_before(line)) return false;
    if (!filter_.wants(line)) return true;
    std::string text = printable_text(line, limits_.line_bytes);
    if (kept_bytes_ + text.size() > limits_.bytes) return stop_early();
    kept_bytes_ += text.size();
    found_.lines.push_back(std::move(text));
    return found_.lines.size() < limits_.lines;
  }

  bool stop_early() {
    found_.is_cut = true;
    return false;
  }

  const LogFilter& filter_;
  const LastLinesLimits& limits_;
  LastLines found_;
  std::size_t kept_bytes_ = 0;
  std::size_t searched_bytes_ = 0;
};

}  // namespace

OpenedLog open_log_file(const std::string& file) {
  UniqueFd fd{::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) return {{}, errno == ENOENT ? LogFileState::Missing : LogFileState::Refused};
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {{}, LogFileState::Refused};
  }
  return {std::move(fd), LogFileState::There};
}

std::string backup_of(const std::string& file, std::size_t number) {
  const std::filesystem::path path{file};
  if (number == 0) return file;
  return path.parent_path() /
         (path.stem().string() + "." + std::to_string(number) + path.extension().string());
}

LastLines last_lines_before(const std::string& file, int fd, off_t end, bool with_unfinished,
                            const LogFilter& filter, const LastLinesLimits& limits) {
  if (limits.lines == 0) return {};
  BackwardSearch search{filter, limits};
  bool goes_on = search.search(fd, end, with_unfinished);
  for (std::size_t number = 1; goes_on; ++number) {
    const OpenedLog backup = open_log_file(backup_of(file, number));
    struct stat status {};
    if (!backup.fd || ::fstat(backup.fd.get(), &status) != 0) break;
    goes_on = search.search(backup.fd.get(), status.st_size, true);
  }
  return std::move(search).finish();
}

std::vector<std::string> last_log_lines(const std::string& file) {
  const OpenedLog log = open_log_file(file);
  struct stat status {};
  if (!log.fd || ::fstat(log.fd.get(), &status) != 0) return {};
  const LastLinesLimits limits{.lines = bulkhead::limits::kExitLogLines,
                               .bytes = bulkhead::limits::kExitLogBytes,
                               .searched_bytes = bulkhead::limits::kExitLogBytes,
                               .line_bytes = bulkhead::limits::kReasonBytes};
  const LogFilter all;
  BackwardSearch search{all, limits};
  (void)search.search(log.fd.get(), status.st_size, true);
  return std::move(search).finish().lines;
}

std::size_t read_at(int fd, char* into, std::size_t bytes, off_t offset) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(fd, into + done, bytes - done, offset + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace bulkhead::supervisor
