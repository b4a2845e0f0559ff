#include "supervisor/log/log_filter.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

// "2026-01-05T12:00:00.123456Z"
constexpr std::size_t kTimeBytes = 27;
constexpr std::size_t kSecondsBytes = 19;  // of it, up to the fraction
constexpr std::size_t kFractionDigits = 6;

/// The time of a line of ours; empty of another.
std::string_view time_of(std::string_view line) {
  const bool is_ours = line.size() > kTimeBytes && line[4] == '-' && line[10] == 'T' &&
                       line[kTimeBytes - 1] == 'Z' && line[kTimeBytes] == ' ';
  return is_ours ? line.substr(0, kTimeBytes) : std::string_view{};
}

std::optional<std::size_t> level_of(std::string_view line) {
  if (time_of(line).empty()) return std::nullopt;
  const std::string_view rest = line.substr(kTimeBytes + 1);
  const auto* const found =
      std::find(kLogLevels.begin(), kLogLevels.end(), rest.substr(0, rest.find(' ')));
  if (found == kLogLevels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kLogLevels.begin());
}

std::optional<std::string> counted_back(std::string_view text, std::int64_t now_wall_ns) {
  constexpr std::int64_t kMostDays = 3650;
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, bad] = std::from_chars(text.data(), end, count);
  if (bad != std::errc{} || count < 0 || end - unit != 1) return std::nullopt;
  std::int64_t seconds = 0;
  if (*unit == 's') seconds = 1;
  if (*unit == 'm') seconds = 60;
  if (*unit == 'h') seconds = 3600;
  if (*unit == 'd') seconds = 86400;
  if (seconds == 0 || count > kMostDays * 86400 / seconds) return std::nullopt;
  return iso8601_utc(now_wall_ns - count * seconds * kNsPerSecond);
}

std::optional<std::string> moment(const std::string& text) {
  std::tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::string fraction{rest};
  if (fraction.empty() || fraction.back() != 'Z') return std::nullopt;
  fraction.pop_back();
  if (!fraction.empty()) {
    if (fraction.size() < 2 || fraction[0] != '.' ||
        fraction.find_first_not_of("0123456789", 1) != std::string::npos) {
      return std::nullopt;
    }
    fraction.erase(0, 1);
  }
  fraction.resize(kFractionDigits, '0');
  const std::string whole = iso8601_utc(std::int64_t{::timegm(&parts)} * kNsPerSecond);
  return whole.substr(0, kSecondsBytes) + "." + fraction + "Z";
}

}  // namespace

bool LogFilter::wants(std::string_view line) const {
  if (!grep.empty() && line.find(grep) == std::string_view::npos) return false;
  if (level > 0 && level_of(line).value_or(level) < level) return false;
  return !is_before(line);
}

bool LogFilter::is_before(std::string_view line) const {
  const std::string_view time = time_of(line);
  return !since.empty() && !time.empty() && time < since;
}

Result<std::string> parse_since(std::string_view text, std::int64_t now_wall_ns) {
  auto since = counted_back(text, now_wall_ns);
  if (!since) since = moment(std::string{text});
  if (since) return *std::move(since);
  return Error{ErrorCode::InvalidParams,
               R"(is no time; give one like "2026-01-05T12:00:00Z", or how long ago like "10m" )"
               "(s, m, h or d)",
               "since"};
}

}  // namespace bulkhead::supervisor
