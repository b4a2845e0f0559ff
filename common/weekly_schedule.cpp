#include "common/weekly_schedule.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, WeeklyWindow::kDaysPerWeek> kDays{"mon", "tue", "wed", "thu",
                                                                         "fri", "sat", "sun"};
constexpr std::uint8_t kEveryDay = 0x7f;
constexpr std::size_t kWordBytes = 16;  // of a day or a time; longer ones are neither
constexpr int kMinutesPerHour = 60;

std::uint8_t read_days(JsonFields& fields) {
  const json* given = fields.member("days");
  if (given == nullptr) return kEveryDay;
  std::uint8_t days = 0;
  for (const std::string& name : fields.strings("days", kDays.size(), kWordBytes)) {
    const auto* const day = std::ranges::find(kDays, name);
    if (day == kDays.end()) {
      fields.fail("days", '"' + name + "\" is no day; give mon, tue, wed, thu, fri, sat or sun");
      return 0;
    }
    days |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(day - kDays.begin()));
  }
  if (days == 0) fields.fail("days", "names no day; leave it out for every day");
  return days;
}

std::optional<int> two_digits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

/// "HH:MM", up to `last`.
int read_time(JsonFields& fields, std::string_view key, int last, std::string_view last_text) {
  const std::string text = fields.required_string(key, kWordBytes);
  constexpr std::size_t kTimeChars = 5;
  if (text.size() == kTimeChars && text[2] == ':') {
    const auto hour = two_digits(text);
    const auto minute = two_digits(std::string_view{text}.substr(3));
    const int time = hour && minute ? *hour * kMinutesPerHour + *minute : -1;
    if (time >= 0 && time <= last && *minute < kMinutesPerHour) return time;
  }
  fields.fail(key,
              '"' + text + "\" is no time; give HH:MM from 00:00 to " + std::string{last_text});
  return 0;
}

WeeklyWindow read_window(JsonFields& outer, const json& given, const std::string& path) {
  JsonFields fields{given, path};
  WeeklyWindow window{.days = read_days(fields),
                      .from = read_time(fields, "from", WeeklyWindow::kMinutesPerDay - 1, "23:59"),
                      .to = read_time(fields, "to", WeeklyWindow::kMinutesPerDay, "24:00")};
  if (!fields.failed() && window.from == window.to) {
    fields.fail("to", "is the same as from; for the whole day give 00:00 to 24:00");
  }
  if (const auto done = fields.finish(); !done) outer.fail(done.error());
  return window;
}

std::string time_text(int minute_of_day) {
  const auto digits = [](int number) {
    return std::string{static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  };
  return digits(minute_of_day / kMinutesPerHour) + ':' + digits(minute_of_day % kMinutesPerHour);
}

}  // namespace

WeeklySchedule read_schedule(JsonFields& fields, std::string_view key) {
  const json* given = fields.member(key);
  if (given == nullptr) return {};
  if (!given->is_array() || given->empty() || given->size() > limits::kScheduleWindows) {
    fields.fail(key, "must be a list of 1 to " + std::to_string(limits::kScheduleWindows) +
                         R"( windows {"days", "from", "to"})");
    return {};
  }
  WeeklySchedule schedule;
  for (std::size_t i = 0; i < given->size() && !fields.failed(); ++i) {
    const std::string path = fields.path_of(key) + '[' + std::to_string(i) + ']';
    schedule.push_back(read_window(fields, (*given)[i], path));
  }
  return schedule;
}

json to_json(const WeeklySchedule& schedule) {
  json windows = json::array();
  for (const WeeklyWindow& window : schedule) {
    json days = json::array();
    for (int day = 0; day < WeeklyWindow::kDaysPerWeek; ++day) {
      if (window.begins_on(day)) days.push_back(kDays[static_cast<std::size_t>(day)]);
    }
    windows.push_back({{"days", std::move(days)},
                       {"from", time_text(window.from)},
                       {"to", time_text(window.to)}});
  }
  return windows;
}

}  // namespace bulkhead
