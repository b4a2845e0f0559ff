#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/session_spec.hpp"
#include "supervisor/session/incarnation.hpp"
#include "supervisor/session/session_state.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/track_ids.hpp"

namespace bulkhead::supervisor {

/// A session as it outlives the program that runs it: the supervisor becomes another program in the
/// same process, its workers go on (supervisor/README.md, "An upgrade without a gap"). Plain
/// values; holds the camera's password and does not own the worker's descriptors.
///
/// Not carried, and so as after a start: back-off and breaker, rates, commands without an answer,
/// and a successor that had not taken over. A canary ends: only that it was there is carried.
struct CarriedSession {
  SessionSpec spec;  // that the worker serves
  SessionContext context{};
  std::optional<SessionSpec> asked;  // other than that, of a successor on trial
  SessionCondition condition;
  std::string reason_text;
  std::int64_t since_wall_ns = 0;
  Generation generation = 0;
  Generation last_generation = 0;
  std::optional<Incarnation::Carried> worker;  // none: the session starts anew
  std::optional<RtspSession> left_session;     // at the camera, for the next worker to end
  std::vector<ActiveAlert> alerts;
  std::uint64_t restarts_total = 0;
  std::map<std::string, std::uint64_t> restarts_by_reason;
  std::vector<ExitRecord> exits;    // newest first
  std::int64_t last_result_ns = 0;  // monotonic; 0: none yet
  TrackIds::Carried track_ids;
  bool refused_second_connection = false;
  std::optional<std::string> canary{};  // the model of one that ends with the upgrade
};

/// For a program of another build to read: by name, and the model's card and the confinement in
/// the wire form of ipc/record.hpp.
[[nodiscard]] nlohmann::json to_json(const CarriedSession& session);

/// Corrupt, with what is missing or wrong.
[[nodiscard]] Result<CarriedSession> carried_session_from(const nlohmann::json& json);

}  // namespace bulkhead::supervisor
