#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

#include "common/unique_fd.hpp"
#include "supervisor/cli/outcome.hpp"

namespace bulkhead::cli {

/// The end of a log file, and what is appended to it across rotation (a new file under the old
/// name) and truncation. One thread; waits on inotify, never by polling.
class LogFollower {
 public:
  /// Refused where the file cannot be read from this machine.
  static Outcome<LogFollower> open(const std::filesystem::path& file);

  /// The last `count` lines there are now, at most limits::kCliLogBytes of them; following starts
  /// behind them. Lines of rotated files are not looked for.
  Outcome<std::string> last_lines(std::size_t count);

  /// What was appended since, as soon as there is some; empty after `limit` without any.
  Outcome<std::string> next(std::chrono::milliseconds limit);

 private:
  LogFollower(std::filesystem::path file, UniqueFd log, UniqueFd watch) noexcept;
  enum class Next { Nothing, Truncated, Successor };

  Outcome<std::string> read_on();
  [[nodiscard]] Next look() const;
  bool start_over(Next next);
  void wait(std::chrono::milliseconds limit) const;
  void watch_file();

  std::filesystem::path file_;
  UniqueFd log_;
  UniqueFd watch_;  // inotify, nonblocking
};

}  // namespace bulkhead::cli
