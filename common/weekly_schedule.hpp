#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

namespace bulkhead {

class JsonFields;

/// From one minute to another on some days of the week, by the clock on the wall where the
/// supervisor runs. A window whose end is before its begin runs over midnight, and belongs to the
/// day that it begins on.
struct WeeklyWindow {
  static constexpr int kMinutesPerDay = 24 * 60;
  static constexpr int kDaysPerWeek = 7;

  std::uint8_t days = 0;  // bit 0: Monday, … bit 6: Sunday; at least one
  int from = 0;           // minute of the day
  int to = 0;             // minute of the day, the first that is outside; 24:00 is the day's end

  [[nodiscard]] bool begins_on(int day) const noexcept { return ((days >> day) & 1) != 0; }
  [[nodiscard]] int minutes() const noexcept {
    return to > from ? to - from : to - from + kMinutesPerDay;
  }

  bool operator==(const WeeklyWindow&) const = default;
};

/// Empty: there is none. Windows may touch and overlap. At most limits::kScheduleWindows.
using WeeklySchedule = std::vector<WeeklyWindow>;

/// The member `key`, such as [{"days": ["mon", "tue"], "from": "08:00", "to": "18:00"}], where
/// `days` left out are all. Empty where absent; what is wrong is reported to `fields`, named to the
/// window.
WeeklySchedule read_schedule(JsonFields& fields, std::string_view key);

[[nodiscard]] nlohmann::json to_json(const WeeklySchedule& schedule);

}  // namespace bulkhead
