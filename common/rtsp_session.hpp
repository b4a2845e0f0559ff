#pragma once

#include <string>

#include "common/result.hpp"

namespace bulkhead {

/// What a camera knows one of our connections by: enough to end it from another connection.
///
/// The place is a path and no URL, so that there is no host that could lie: who ends the session
/// connects to the address of its own camera. Whoever knows the id may end the session, so it is
/// for no log and no reply.
struct RtspSession {
  std::string id;    // of the Session header, without its parameters
  std::string path;  // of the aggregate control URL, query included; empty or with leading '/'

  bool operator==(const RtspSession&) const = default;
};

/// Whether it may stand in a request: limits::kRtspSessionIdBytes and limits::kUrlChars, visible
/// ASCII characters that neither end a header nor divide it. More than RFC 2326 allows to an id
/// (section 3.4), for cameras go beyond it. The error names "id" or "path" and repeats neither.
[[nodiscard]] Result<> check(const RtspSession& session);

}  // namespace bulkhead
