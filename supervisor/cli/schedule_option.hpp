#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulkhead::cli {

inline constexpr const char* kScheduleHelp =
    "When a scheduled camera is watched, e.g. \"mon,tue 08:00-18:00\" or \"22:00-06:00\" for every "
    "day; may be repeated";

/// The windows as `session.subscribe` takes them. What makes no sense is passed on as it is: the
/// supervisor says what is wrong with it.
[[nodiscard]] nlohmann::json schedule_json(const std::vector<std::string>& windows);

/// The other way round, for people: "mon,tue 08:00-18:00; 22:00-06:00".
[[nodiscard]] std::string schedule_text(const nlohmann::json& schedule);

}  // namespace bulkhead::cli
