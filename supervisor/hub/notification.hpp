#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/session/session_events.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// The wire form of what streams carry (DESIGN §5), each as the `params_tail` of a Message.

inline constexpr std::string_view kDetectionMethod = "detection";
inline constexpr std::string_view kSessionStateMethod = "session.state";
inline constexpr std::string_view kEventMethod = "event";
inline constexpr std::string_view kSystemAlertMethod = "system.alert";
inline constexpr std::string_view kStreamGapMethod = "stream.gap";
inline constexpr std::string_view kStreamStatusMethod = "stream.status";

/// Whether the filter keeps one object, an event, or every object of a frame.
[[nodiscard]] bool keeps(const ObjectFilter& filter, const Object& object, const ModelCard& model);
[[nodiscard]] bool keeps(const StreamFilter& filter, const SceneEvent& event);
[[nodiscard]] bool keeps_all(const ObjectFilter& filter, const Detection& detection);

[[nodiscard]] std::string detection_tail(const ResultEvent& event, const ObjectFilter& filter,
                                         std::int64_t now_ns);
[[nodiscard]] std::string state_tail(const StateEvent& event);
[[nodiscard]] std::string event_tail(const SceneEvent& event);
[[nodiscard]] std::string alert_tail(const AlertEvent& event, Sequence number);

/// An alert of no session: what all streams together hold has come to another level.
[[nodiscard]] std::string pressure_tail(Pressure pressure, std::int64_t at_wall_ns);

[[nodiscard]] std::string gap_tail(const OutboxGap& gap);

/// CLOSED tells where to resume.
[[nodiscard]] std::string status_tail(const Stream& stream, const StreamStatusChange& change);

}  // namespace bulkhead::supervisor
