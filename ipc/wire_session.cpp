#include "ipc/wire_session.hpp"

#include <cstdint>

#include "common/limits.hpp"

namespace bulkhead::ipc {

void write_session(WireWriter& writer, const std::optional<RtspSession>& session) {
  writer.u8(session ? 1 : 0);
  if (!session) return;
  writer.text(session->id, limits::kRtspSessionIdBytes);
  writer.text(session->path, limits::kUrlChars);
}

std::optional<RtspSession> read_session(WireReader& reader) {
  const std::uint8_t present = reader.u8("session");
  if (present > 1) reader.fail("session", "is neither there nor not");
  if (present != 1) return std::nullopt;
  RtspSession session{.id = reader.text("id", limits::kRtspSessionIdBytes),
                      .path = reader.text("path", limits::kUrlChars)};
  if (const auto checked = check(session); !checked) {
    reader.fail(checked.error().field, checked.error().message);
  }
  return session;
}

}  // namespace bulkhead::ipc
