#include "common/rotating_log.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead {

namespace {

constexpr mode_t kLogMode = 0640;
constexpr std::size_t kMinLogBytes = 4096;
constexpr std::size_t kMaxBackups = 100;

std::atomic<std::uint64_t> lines_lost{0};

void count_lost_line() noexcept { lines_lost.fetch_add(1, std::memory_order_relaxed); }

std::optional<spdlog::level::level_enum> level_from(std::string_view name) noexcept {
  if (name == "trace") return spdlog::level::trace;
  if (name == "debug") return spdlog::level::debug;
  if (name == "info") return spdlog::level::info;
  if (name == "warn") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return std::nullopt;
}

std::string_view name_of(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

Error invalid_level(std::string_view name) {
  return {ErrorCode::InvalidParams,
          "log level \"" + printable_text(name, limits::kNameChars) +
              "\" is not known; use trace, debug, info, warn or error",
          "level"};
}

/// Name of the calling thread as one column.
std::string thread_column() {
  std::array<char, 16> name{};
  if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) != 0 || name[0] == '\0') {
    return "-";
  }
  std::string column = printable_text(name.data(), limits::kNameChars);
  std::replace(column.begin(), column.end(), ' ', '_');
  return column;
}

/// Bytes that reached the file; fewer than `text` has where the disk is full.
std::size_t write_to(int fd, std::string_view text) noexcept {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  return done;
}

/// The file and its backups. Used under the lock of the sink that owns it.
class RotatingFile {
 public:
  RotatingFile(std::filesystem::path path, std::size_t max_bytes, std::size_t backup_count)
      : path_{std::move(path)}, max_bytes_{max_bytes}, backup_count_{backup_count} {}

  /// Opens the file unless `path_` still names the one that is open.
  bool open_current() noexcept {
    if (is_current()) return true;
    // O_NONBLOCK: a FIFO in the file's place must not stop the caller.
    fd_.reset(::open(path_.c_str(),
                     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                     kLogMode));
    struct stat opened {};
    if (!fd_ || ::fstat(fd_.get(), &opened) != 0) return false;
    if (!S_ISREG(opened.st_mode)) {
      fd_.reset();
      errno = EINVAL;
      return false;
    }
    // The mode does not depend on the umask we inherited. A file of another owner keeps its own.
    if (opened.st_uid == ::geteuid()) ::fchmod(fd_.get(), kLogMode);
    bytes_ = static_cast<std::size_t>(opened.st_size);
    torn_ = false;
    return true;
  }

  /// Whether who looks at the file now sees what was appended last.
  [[nodiscard]] bool shows_last() noexcept { return !torn_ && is_current() && bytes_ != 0; }

  bool append(const std::string& line) {
    if (!open_current()) return false;
    if (bytes_ != 0 && bytes_ + line.size() > max_bytes_ && !(rotate() && open_current())) {
      return false;
    }
    // A newline first ends what is left of a line that a full disk cut short.
    const std::string text = torn_ ? "\n" + line : line;
    const std::size_t written = write_to(fd_.get(), text);
    if (written == text.size()) {
      torn_ = false;
    } else if (written > 0) {
      torn_ = true;
    }
    return written == text.size();
  }

 private:
  /// Asks the file system each time: an operator, logrotate or the other worker of an overlapping
  /// restart may have moved the file or written to it.
  bool is_current() noexcept {
    struct stat named {};
    struct stat opened {};
    if (!fd_ || ::lstat(path_.c_str(), &named) != 0 || ::fstat(fd_.get(), &opened) != 0) {
      return false;
    }
    bytes_ = static_cast<std::size_t>(opened.st_size);
    return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
  }

  [[nodiscard]] std::filesystem::path backup(std::size_t number) const {
    if (number == 0) return path_;
    std::filesystem::path name = path_.stem();
    name += "." + std::to_string(number);
    name += path_.extension();
    return path_.parent_path() / name;
  }

  /// False where the file can be neither moved nor emptied: then its limit costs lines.
  bool rotate() {
    // Two processes may find the file full at once; one of them moves it, the other sees that by
    // the changed name. Never waits: the other may be stopped.
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return true;
    if (!is_current()) return true;
    bool moved = false;
    for (std::size_t number = backup_count_; number > 0; --number) {
      moved = ::rename(backup(number - 1).c_str(), backup(number).c_str()) == 0;
    }
    if (!moved && ::ftruncate(fd_.get(), 0) != 0) return false;
    fd_.reset();
    return true;
  }

  std::filesystem::path path_;
  std::size_t max_bytes_;
  std::size_t backup_count_;
  std::size_t bytes_ = 0;
  UniqueFd fd_;
  bool torn_ = false;
};

/// Turns a message into one safe line and appends it. Called by any thread, locked by base_sink.
class LineSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink(const LogSpec& spec, RotatingFile file, std::shared_ptr<const Redactor> redactor)
      : file_{std::move(file)},
        redactor_{std::move(redactor)},
        columns_{" " + printable_text(spec.session, limits::kSubscriptionIdChars) + " " +
                 std::to_string(spec.generation) + " "},
        also_stderr_{spec.also_stderr},
        fold_time_{spec.fold_time} {}
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;
  ~LineSink() override { write_count(wall_ns()); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    using std::chrono::nanoseconds;
    const auto time =
        std::chrono::duration_cast<nanoseconds>(message.time.time_since_epoch()).count();
    const std::string_view payload{message.payload.data(), message.payload.size()};
    std::string said{name_of(message.level)};
    said += columns_;
    said += thread_column();
    said += ' ';
    const std::size_t head_bytes = said.size();
    said += printable_text(redactor_ ? redactor_->redact(payload) : std::string{payload},
                           limits::kLogFieldBytes);
    if (said == last_ && file_.shows_last()) return count_repeat(time);
    write_count(time);
    const bool is_written = write(time, said);
    // What nobody can read must be said in full next time.
    last_ = is_written ? std::move(said) : std::string{};
    last_head_bytes_ = head_bytes;
  }

  void flush_() override {
    if (repeats_ > 0 && Clock::now() - counted_since_ >= fold_time_) write_count(wall_ns());
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool write(std::int64_t time, std::string_view said) {
    std::string line = iso8601_utc(time);
    line += ' ';
    line += said;
    line += '\n';
    const bool is_written = file_.append(line);
    if (!is_written) count_lost_line();
    if (also_stderr_) write_to(STDERR_FILENO, line);
    return is_written;
  }

  void count_repeat(std::int64_t time) {
    if (repeats_++ == 0) counted_since_ = Clock::now();
    if (Clock::now() - counted_since_ >= fold_time_) write_count(time);
  }

  /// In the columns of what it counts; that stays the last line said.
  void write_count(std::int64_t time) {
    if (repeats_ == 0) return;
    const std::uint64_t count = std::exchange(repeats_, 0);
    (void)write(time, last_.substr(0, last_head_bytes_) + "last line repeated " +
                          std::to_string(count) + (count == 1 ? " time" : " times"));
  }

  RotatingFile file_;
  std::shared_ptr<const Redactor> redactor_;
  std::string columns_;
  bool also_stderr_;
  std::chrono::milliseconds fold_time_;
  // One line is remembered, never more.
  std::string last_;                 // without its time; empty: none can be repeated
  std::size_t last_head_bytes_ = 0;  // its columns
  std::uint64_t repeats_ = 0;        // of it, not written yet
  Clock::time_point counted_since_;
};

}  // namespace

Result<std::shared_ptr<spdlog::logger>> open_log(const LogSpec& spec,
                                                 std::shared_ptr<const Redactor> redactor) {
  const auto level = level_from(spec.level);
  if (!level) return invalid_level(spec.level);
  if (spec.max_bytes < kMinLogBytes || spec.backup_count > kMaxBackups) {
    return Error{ErrorCode::InvalidParams,
                 "log rotation at " + std::to_string(spec.max_bytes) + " bytes with " +
                     std::to_string(spec.backup_count) + " backups; use at least " +
                     std::to_string(kMinLogBytes) + " bytes and at most " +
                     std::to_string(kMaxBackups) + " backups",
                 {}};
  }
  RotatingFile file{spec.file, spec.max_bytes, spec.backup_count};
  if (!file.open_current()) {
    return errno_error(ErrorCode::Io, "cannot open the log file " +
                                          printable_text(spec.file.native(), limits::kPathBytes));
  }
  auto sink = std::make_shared<LineSink>(spec, std::move(file), std::move(redactor));
  auto log = std::make_shared<spdlog::logger>(spec.session, std::move(sink));
  log->set_level(*level);
  // A message that cannot be formatted is a lost line, not a text on stderr.
  log->set_error_handler([](const std::string&) { count_lost_line(); });
  return log;
}

Result<void> set_log_level(spdlog::logger& log, std::string_view level) {
  const auto wanted = level_from(level);
  if (!wanted) return invalid_level(level);
  log.set_level(*wanted);
  return {};
}

std::string log_value(std::string_view text) {
  const bool is_word = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
  if (is_word) return std::string{text};
  std::string quoted{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

std::uint64_t log_lines_lost_total() noexcept { return lines_lost.load(std::memory_order_relaxed); }

}  // namespace bulkhead
