#include "supervisor/cli/availability_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "supervisor/cli/answer.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kEveryDay = 7;

json days_of(const std::string& text) {
  json days = json::array();
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    days.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return days;
}

}  // namespace

void declare_availability(CLI::App& verb, AvailabilityOptions& options) {
  verb.add_option(
          "--availability", options.availability,
          "always (where nothing else was said), intermittent: it may be away and nobody is "
          "warned, scheduled: it is watched in the windows of --schedule, or on_demand: "
          "while a stream asks for its detections")
      ->check(CLI::IsMember({"always", "intermittent", "scheduled", "on_demand"}));
  verb.add_option("--schedule", options.schedule,
                  "When a scheduled camera is watched, e.g. \"mon,tue 08:00-18:00\" or "
                  "\"22:00-06:00\" for every day; may be repeated");
}

void put_availability(const AvailabilityOptions& options, json& params) {
  if (!options.availability.empty()) params["availability"] = options.availability;
  if (!options.schedule.empty()) params["schedule"] = schedule_json(options.schedule);
}

json schedule_json(const std::vector<std::string>& windows) {
  json schedule = json::array();
  for (const std::string& text : windows) {
    const std::size_t space = text.rfind(' ');
    const std::string times = space == text.npos ? text : text.substr(space + 1);
    const std::size_t dash = std::min(times.find('-'), times.size());
    json window{{"from", times.substr(0, dash)},
                {"to", dash == times.size() ? "" : times.substr(dash + 1)}};
    if (space != text.npos) window["days"] = days_of(text.substr(0, space));
    schedule.push_back(std::move(window));
  }
  return schedule;
}

std::string schedule_text(const json& schedule) {
  std::string text;
  if (!schedule.is_array()) return text;
  for (const json& window : schedule) {
    std::string days;
    const json& names = member_of(window, "days");
    for (const json& day : names) {
      if (day.is_string()) days += (days.empty() ? "" : ",") + day.get<std::string>();
    }
    if (names.size() == kEveryDay) days.clear();
    text += (text.empty() ? "" : "; ") + days + (days.empty() ? "" : " ") +
            text_of(window, "from") + "-" + text_of(window, "to");
  }
  return text;
}

}  // namespace bulkhead::cli
