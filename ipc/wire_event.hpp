#pragma once

#include <cstddef>

#include "common/limits.hpp"
#include "ipc/event.hpp"
#include "ipc/wire_context.hpp"
#include "ipc/wire_format.hpp"
#include "ipc/wire_object.hpp"

namespace bulkhead::ipc {

/// Read as hostile: kinds, counts and numbers in range; a name where there is a zone, and none
/// where there is not; a direction of a line alone.
void write_zones_in_effect(WireWriter& writer, const ZonesInEffect& zones);
[[nodiscard]] ZonesInEffect read_zones_in_effect(WireReader& reader);

void write_event(WireWriter& writer, const Event& event);
[[nodiscard]] Event read_event(WireReader& reader);

/// Of an object of which every stage says something.
inline constexpr std::size_t kLongestEventBytes =
    3 + 8 + 8 + 4 + 4 + 4 + limits::kLabelBytes + kObjectBytes +
    limits::kPipelineStages * kLongestAttributeBytes + 4 + 4 + 1 + kLongestContextBytes;

static_assert(4 + limits::kZones * (4 + limits::kLabelBytes) < limits::kRecordBytes / 2 &&
                  kLongestEventBytes < limits::kRecordBytes / 2,
              "both fit a record with room to spare");

}  // namespace bulkhead::ipc
