#include "supervisor/log/log_cursor.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kMostBackups = 100;  // that common/rotating_log keeps

bool are_same(const struct stat& one, const struct stat& other) {
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/// Where the line that is being written at `end` begins.
off_t start_of_last_line(int fd, off_t end) {
  std::array<char, 4096> chunk{};
  const off_t limit = std::max<off_t>(0, end - off_t{limits::kLogLineBytes});
  for (off_t at = end; at > limit;) {
    const auto wanted = static_cast<std::size_t>(std::min<off_t>(chunk.size(), at - limit));
    at -= static_cast<off_t>(wanted);
    const std::string_view text{chunk.data(), read_at(fd, chunk.data(), wanted, at)};
    const std::size_t line_end = text.rfind('\n');
    if (line_end != std::string_view::npos) return at + static_cast<off_t>(line_end) + 1;
  }
  return limit;
}

}  // namespace

LastLines LogCursor::last_lines(const LogFilter& filter, std::size_t lines, bool will_read_on) {
  auto [fd, state] = open_log_file(file_);
  fd_ = std::move(fd);
  state_ = state;
  struct stat status {};
  if (!fd_ || ::fstat(fd_.get(), &status) != 0) return {};
  offset_ = will_read_on ? start_of_last_line(fd_.get(), status.st_size) : status.st_size;
  return last_lines_before(file_, fd_.get(), offset_, !will_read_on, filter, {.lines = lines});
}

LogCursor::Step LogCursor::read_on(const LogFilter& filter) {
  Step step;
  // Looked at first: lines written before the rotation are then still read from the old file.
  const After after = look();
  std::string text(limits::kLogReadBytes, '\0');
  text.resize(fd_ ? read_at(fd_.get(), text.data(), text.size(), offset_) : 0);
  offset_ += static_cast<off_t>(text.size());
  split(text, filter, step.lines);
  step.is_more = text.size() == limits::kLogReadBytes;
  if (step.is_more || after == After::Nothing) return step;
  if (!text.empty()) {
    step.is_more = true;  // perhaps
    return step;
  }
  offset_ = 0;
  unfinished_.clear();
  if (after == After::Successor) go_to_successor();
  step.is_more = fd_.get() >= 0;
  return step;
}

LogCursor::After LogCursor::look() const {
  struct stat named {};
  struct stat opened {};
  if (!fd_ || ::fstat(fd_.get(), &opened) != 0) return After::Successor;
  if (::lstat(file_.c_str(), &named) != 0) {
    // Between the two steps of a rotation nothing has the name.
    return backup_number() != 0 ? After::Nothing : After::Successor;
  }
  if (!are_same(named, opened)) return After::Successor;
  return opened.st_size < offset_ ? After::Truncated : After::Nothing;
}

/// Which backup the open file is by now; 0: none.
std::size_t LogCursor::backup_number() const {
  struct stat opened {};
  struct stat named {};
  if (!fd_ || ::fstat(fd_.get(), &opened) != 0) return 0;
  for (std::size_t number = 1; number <= kMostBackups; ++number) {
    if (::lstat(backup_of(file_, number).c_str(), &named) != 0) return 0;
    if (are_same(named, opened)) return number;
  }
  return 0;
}

void LogCursor::go_to_successor() {
  const std::size_t number = backup_number();
  auto [fd, state] = open_log_file(backup_of(file_, number == 0 ? 0 : number - 1));
  fd_ = std::move(fd);
  state_ = state;
}

void LogCursor::split(std::string_view text, const LogFilter& filter,
                      std::vector<std::string>& lines) {
  while (!text.empty()) {
    const std::size_t line_end = text.find('\n');
    const std::string_view piece = text.substr(0, line_end);
    const std::size_t room =
        limits::kLogLineBytes - std::min(limits::kLogLineBytes, unfinished_.size());
    unfinished_ += piece.substr(0, room);
    if (line_end == std::string_view::npos) return;
    if (filter.wants(unfinished_)) {
      lines.push_back(printable_text(unfinished_, limits::kLogLineBytes));
    }
    unfinished_.clear();
    text.remove_prefix(line_end + 1);
  }
}

}  // namespace bulkhead::supervisor
