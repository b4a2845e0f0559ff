#pragma once

#include "common/limits.hpp"
#include "ipc/canary.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {

/// The pipeline as the start message has it, in JSON: there is one reader, which checks all of it.
void write_start_canary(WireWriter& writer, const StartCanary& start);
[[nodiscard]] StartCanary read_start_canary(WireReader& reader);

/// Read as hostile: more frames with objects than frames, or a failure without a reason, are none.
void write_canary_report(WireWriter& writer, const CanaryReport& report);
[[nodiscard]] CanaryReport read_canary_report(WireReader& reader);

static_assert(limits::kCanaryPipelineBytes + 64 <= limits::kControlMessageBytes);

}  // namespace bulkhead::ipc
