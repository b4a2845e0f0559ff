#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The levels of a line of our logs, from the least important on.
inline constexpr std::array<std::string_view, 5> kLogLevels{"trace", "debug", "info", "warn",
                                                            "error"};

/// Which lines of a log are wanted. Lines are those of common/rotating_log: `time level …`. What
/// is no such line is never hidden by its level or time, for neither is known.
struct LogFilter {
  std::size_t level = 0;   // of kLogLevels: this one and above
  std::string grep = {};   // part of the line, letter by letter; empty: all
  std::string since = {};  // as `parse_since` gives it; empty: all

  [[nodiscard]] bool wants(std::string_view line) const;
  /// Whether the line is older than all that is wanted, and so is every line before it.
  [[nodiscard]] bool is_before(std::string_view line) const;
};

/// A moment as text that compares with the time of a line: of "2026-01-05T12:00:00Z", with or
/// without a fraction, or of "90s", "10m", "2h", "1d" counted back from `now_wall_ns`.
/// InvalidParams says what there may be.
[[nodiscard]] Result<std::string> parse_since(std::string_view text, std::int64_t now_wall_ns);

}  // namespace bulkhead::supervisor
