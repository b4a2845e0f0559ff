#pragma once

#include <cstddef>

#include "common/limits.hpp"
#include "common/session_context.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {

inline constexpr std::size_t kLongestContextBytes =
    2 * 4 + limits::kContextBytes + limits::kContextStageBytes;

/// Whose a result is, in records and in commands. Read as hostile: see check().
void write_context(WireWriter& writer, const SessionContext& context);
[[nodiscard]] SessionContext read_context(WireReader& reader);

}  // namespace bulkhead::ipc
