#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/result.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead {

/// What the log file of one process is like.
struct LogSpec {
  std::filesystem::path file;  // its folder exists
  std::size_t max_bytes = std::size_t{100} * 1024 * 1024;
  std::size_t backup_count = 5;  // name.1.log is the newest; 0: the file starts anew when full
  std::string session = "-";     // third column of each line
  std::uint32_t generation = 0;  // fourth
  std::string level = "info";    // trace debug info warn error
  bool also_stderr = false;
  std::chrono::milliseconds fold_time = limits::kLogFoldTime;
};

/// Opens the log file of one process (DESIGN §6): rotation by size and count, one line
/// `time level session generation thread message key=value…`, control characters escaped, secrets
/// of `redactor` removed, mode 0640, links not followed.
///
/// The logger may be used by any thread; each line is one write. A file that was removed, renamed
/// or rotated by another process with the same file is opened again at the next line. A full disk
/// costs log lines (counted by `log_lines_lost_total`), never a frame: no call throws or waits for
/// space. Messages over limits::kLogFieldBytes are cut.
///
/// A line that says what the line before said, but for the time, is counted instead of written. The
/// count is the line `last line repeated N times`: before the next other line, when the logger is
/// flushed or says the same again `fold_time` after the first that was counted, and at the end. So
/// whoever owns the logger flushes it now and then; a process that is killed loses its last count.
[[nodiscard]] Result<std::shared_ptr<spdlog::logger>> open_log(
    const LogSpec& spec, std::shared_ptr<const Redactor> redactor);

/// Changes the level of a running log: trace debug info warn error.
[[nodiscard]] Result<void> set_log_level(spdlog::logger& log, std::string_view level);

/// Text as the value of `key=value`: as it is where it is one word, else in double quotes.
[[nodiscard]] std::string log_value(std::string_view text);

/// Lines this process could not write, for metrics.
[[nodiscard]] std::uint64_t log_lines_lost_total() noexcept;

}  // namespace bulkhead
