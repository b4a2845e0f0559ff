#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/detection.hpp"
#include "common/ids.hpp"
#include "ipc/event.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::ipc {

// The message of a result as clients get it (DESIGN §5), for both who tell it: the supervisor to
// its streams, a worker to its sinks. Each function appends members without the braces around them,
// for a stream's own members stand beside them.

/// Whose result it is, and what its numbers mean. References live as long as the call.
struct ResultText {
  std::string_view session;
  Generation generation = 0;
  Sequence sequence = 0;
  const ModelCard& model;
  const std::vector<std::string>* zones = nullptr;  // of the bits of its objects; null: none
};

/// The label of an object, or "class 7" where the model names fewer.
[[nodiscard]] std::string label_of(std::uint16_t label_id, const ModelCard& model);

/// What the stages below the root say of an object, by their names, as a JSON object. A worker's
/// index that names none is left out.
[[nodiscard]] std::string attributes_json(const Object& object, const ModelCard& model);

/// Nanoseconds from the frame's arrival at the worker to `now_ns`, both monotonic. A worker's
/// clock reading is not trusted: a future arrival has age 0.
[[nodiscard]] std::int64_t age_ns(const Detection& detection, std::int64_t now_ns) noexcept;

/// Which objects are told; empty: all.
using KeepsObject = std::function<bool(const Object&)>;

/// `tsPublish` and `ageMs` are taken at `now_ns`: tsPublish = tsCapture + ageMs, on the wall clock
/// of the moment of capture, so a clock that jumped between the two cannot give a negative age.
void append_detection(std::string& out, const ResultText& result, const Detection& detection,
                      std::int64_t now_ns, const KeepsObject& keeps = {});

/// Whose event it is; what its numbers mean is said already, for an event may be told again when
/// the model that they belong to is gone.
struct EventText {
  std::string_view session;
  Generation generation = 0;
  Sequence sequence = 0;
  PriorityClass priority = PriorityClass::Important;
  std::string label;
  std::string attributes{"{}"};  // of its object, as attributes_json has them
};

void append_event(std::string& out, const EventText& text, const Event& event);

}  // namespace bulkhead::ipc
