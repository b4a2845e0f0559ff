#include "supervisor/cli/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "common/utf8.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

/// A number that fills its whole field.
std::optional<int> number_in(std::string_view text, std::size_t from, std::size_t count) {
  int value = 0;
  const std::string_view field = text.substr(std::min(from, text.size()), count);
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failure != std::errc{} || end != field.data() + count || value < 0) return std::nullopt;
  return value;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
    ++width;
  }
  return width;
}

}  // namespace

std::string duration_text(std::int64_t milliseconds) {
  const std::int64_t ms = std::max<std::int64_t>(milliseconds, 0);
  if (ms < kSecond) return std::to_string(ms) + "ms";
  if (ms < kMinute) return std::to_string(ms / kSecond) + "s";
  if (ms < kHour)
    return std::to_string(ms / kMinute) + "m" + two_digits(ms % kMinute / kSecond) + "s";
  if (ms < kDay) return std::to_string(ms / kHour) + "h" + two_digits(ms % kHour / kMinute) + "m";
  return std::to_string(ms / kDay) + "d" + two_digits(ms % kDay / kHour) + "h";
}

std::optional<std::int64_t> iso8601_ms(std::string_view text) {
  // YYYY-MM-DDTHH:MM:SS, then optionally a point and digits, then Z.
  constexpr std::size_t kSecondsEnd = 19;
  const auto year = number_in(text, 0, 4);
  const auto month = number_in(text, 5, 2);
  const auto day = number_in(text, 8, 2);
  const auto hour = number_in(text, 11, 2);
  const auto minute = number_in(text, 14, 2);
  const auto second = number_in(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text.back() != 'Z') return {};
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':') return {};

  using namespace std::chrono;
  const year_month_day date{std::chrono::year{*year},
                            std::chrono::month{static_cast<unsigned>(*month)},
                            std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return {};
  std::int64_t ms = duration_cast<milliseconds>(sys_days{date}.time_since_epoch()).count() +
                    *hour * kHour + *minute * kMinute + *second * kSecond;
  if (text.size() > kSecondsEnd + 1 && text[kSecondsEnd] == '.') {
    std::int64_t unit = kSecond / 10;
    for (std::size_t i = kSecondsEnd + 1; i < text.size() && unit > 0; ++i, unit /= 10) {
      if (text[i] < '0' || text[i] > '9') break;
      ms += (text[i] - '0') * unit;
    }
  }
  return ms;
}

std::string time_of_day(std::string_view iso8601) {
  const auto ms = iso8601_ms(iso8601);
  if (!ms) return std::string{iso8601};
  const std::int64_t rest = *ms % kDay;
  const std::int64_t millis = rest % kSecond;
  return two_digits(rest / kHour) + ":" + two_digits(rest % kHour / kMinute) + ":" +
         two_digits(rest % kMinute / kSecond) + "." + (millis < 100 ? "0" : "") +
         two_digits(millis);
}

std::string coloured(std::string_view text, Colour colour, bool wanted) {
  constexpr std::array<std::string_view, 5> kStarts{"", "\033[32m", "\033[33m", "\033[31m",
                                                    "\033[2m"};
  if (!wanted || colour == Colour::None) return std::string{text};
  return std::string{kStarts[static_cast<std::size_t>(colour)]} + std::string{text} + "\033[0m";
}

Colour colour_of_state(std::string_view state) {
  if (state == "LIVE") return Colour::Green;
  if (state == "STOPPED" || state == "STOPPING") return Colour::Dim;
  constexpr std::array<std::string_view, 4> kToAct{"OFFLINE", "AUTH_FAILED", "CRASH_LOOP",
                                                   "FAILED"};
  const bool act = std::find(kToAct.begin(), kToAct.end(), state) != kToAct.end();
  return act ? Colour::Red : Colour::Yellow;
}

std::string Table::text(bool colours) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  std::string result;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const std::string padding(widths[i] - width_of(row[i].text), ' ');
      const std::string text = coloured(row[i].text, row[i].colour, colours);
      if (row[i].right) {
        result += padding + text;
      } else {
        result += text + (last ? "" : padding);
      }
      result += last ? "\n" : "  ";
    }
  }
  return result;
}

}  // namespace bulkhead::cli
