#pragma once

#include <optional>

#include "common/rtsp_session.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {

/// A session that there may be, in records and in commands. Read as hostile: see check().
void write_session(WireWriter& writer, const std::optional<RtspSession>& session);
[[nodiscard]] std::optional<RtspSession> read_session(WireReader& reader);

}  // namespace bulkhead::ipc
