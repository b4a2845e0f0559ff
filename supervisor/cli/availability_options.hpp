#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bulkhead::cli {

/// When a camera is expected to be there, as typed; empty: not said.
struct AvailabilityOptions {
  std::string availability;
  std::vector<std::string> schedule;
};

void declare_availability(CLI::App& verb, AvailabilityOptions& options);

/// What was said of it, as parameters of `session.subscribe`.
void put_availability(const AvailabilityOptions& options, nlohmann::json& params);

/// The windows as `session.subscribe` takes them. What makes no sense is passed on as it is: the
/// supervisor says what is wrong with it.
[[nodiscard]] nlohmann::json schedule_json(const std::vector<std::string>& windows);

/// The other way round, for people: "mon,tue 08:00-18:00; 22:00-06:00".
[[nodiscard]] std::string schedule_text(const nlohmann::json& schedule);

}  // namespace bulkhead::cli
