#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/log/log_filter.hpp"

namespace bulkhead::supervisor {

// A log file and its backups (name.1.log is the newest), read as what they are: written by another
// process at any moment, rotated, removed, or replaced by what only looks like a log. All of it
// blocks for as long as the disk does.

enum class LogFileState : std::uint8_t {
  There,
  Missing,
  Refused,  // a link, a FIFO, a folder, or not ours to read
};

struct OpenedLog {
  UniqueFd fd;  // none unless There
  LogFileState state = LogFileState::Missing;
};

/// For reading. Follows no link and waits for no FIFO.
[[nodiscard]] OpenedLog open_log_file(const std::string& file);

/// The name of a backup; `number` 0 is the file itself.
[[nodiscard]] std::string backup_of(const std::string& file, std::size_t number);

/// How much of the end of a log may be read and kept. Whatever is met first.
struct LastLinesLimits {
  std::size_t lines = 0;
  std::size_t bytes = limits::kLogTailBytes;             // of the lines kept
  std::size_t searched_bytes = limits::kLogSearchBytes;  // read for them
  std::size_t line_bytes = limits::kLogLineBytes;        // then a line is cut
};

struct LastLines {
  std::vector<std::string> lines;  // oldest first, fit to be shown
  bool is_cut = false;             // there may be more of what was asked for
};

/// What precedes `end` of the open file, then its backups from the newest on while lines are
/// wanted. A last line without its end counts where `with_unfinished`.
[[nodiscard]] LastLines last_lines_before(const std::string& file, int fd, off_t end,
                                          bool with_unfinished, const LogFilter& filter,
                                          const LastLinesLimits& limits);

/// The last lines of one file alone, for the record of a worker's end: at most
/// limits::kExitLogLines, each cut at limits::kReasonBytes, of the last limits::kExitLogBytes.
/// None where it cannot be read. Called by the loop's thread: one small read of what was written a
/// moment ago, as short as a line of the supervisor's own log.
[[nodiscard]] std::vector<std::string> last_log_lines(const std::string& file);

/// `pread` that is not interrupted; what was read, nothing at the end or on failure.
[[nodiscard]] std::size_t read_at(int fd, char* into, std::size_t bytes, off_t offset);

}  // namespace bulkhead::supervisor
