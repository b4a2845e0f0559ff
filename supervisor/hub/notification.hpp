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
inline constexpr std::string_view kSystemAlertMethod = "system.alert";
inline constexpr std::string_view kStreamGapMethod = "stream.gap";

/// The label of an object, or "class 7" where the model names fewer.
[[nodiscard]] std::string label_of(const Object& object, const ModelCard& model);

/// Whether the filter keeps one object, or every object of a frame.
[[nodiscard]] bool keeps(const ObjectFilter& filter, const Object& object, const ModelCard& model);
[[nodiscard]] bool keeps_all(const ObjectFilter& filter, const Detection& detection);

/// Nanoseconds from the frame's arrival at the worker to `now_ns`, both monotonic. A worker's
/// clock reading is not trusted: a future arrival has age 0.
[[nodiscard]] std::int64_t age_ns(const Detection& detection, std::int64_t now_ns) noexcept;

/// `tsPublish` and `ageMs` are taken at `now_ns`: tsPublish = tsCapture + ageMs, on the wall clock
/// of the moment of capture, so a clock that jumped between the two cannot give a negative age.
[[nodiscard]] std::string detection_tail(const ResultEvent& event, const ObjectFilter& filter,
                                         std::int64_t now_ns);
[[nodiscard]] std::string state_tail(const StateEvent& event);
[[nodiscard]] std::string alert_tail(const AlertEvent& event);
[[nodiscard]] std::string gap_tail(const OutboxGap& gap);

}  // namespace bulkhead::supervisor
