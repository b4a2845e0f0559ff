#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "supervisor/log/log_file.hpp"
#include "supervisor/log/log_filter.hpp"

namespace bulkhead::supervisor {

/// A place in a log that moves on with it: across rotations, several at once too, and from the
/// start when the file was emptied or is back after it was missing. Knows no loop and does not
/// wait; it blocks as long as the disk does. Used by one thread at a time.
///
/// Bounds: `read_on` reads at most limits::kLogReadBytes; a line is cut at limits::kLogLineBytes.
class LogCursor {
 public:
  explicit LogCursor(std::string file) : file_{std::move(file)} {}

  /// The last lines there are now; `read_on` goes on behind them. A line that is still being
  /// written is `read_on`'s, unless nothing will be read on.
  LastLines last_lines(const LogFilter& filter, std::size_t lines, bool will_read_on);

  struct Step {
    std::vector<std::string> lines;
    bool is_more = false;  // at once
  };

  /// What was appended since.
  Step read_on(const LogFilter& filter);

  /// As it was found by the last call.
  [[nodiscard]] LogFileState state() const noexcept { return state_; }

 private:
  enum class After { Nothing, Truncated, Successor };

  [[nodiscard]] After look() const;
  void go_to_successor();
  [[nodiscard]] std::size_t backup_number() const;
  void split(std::string_view text, const LogFilter& filter, std::vector<std::string>& lines);

  std::string file_;
  UniqueFd fd_;
  off_t offset_ = 0;
  std::string unfinished_;  // of the line that ends behind `offset_`
  LogFileState state_ = LogFileState::Missing;
};

}  // namespace bulkhead::supervisor
