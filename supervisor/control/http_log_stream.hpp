#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "common/error.hpp"
#include "supervisor/control/connections.hpp"
#include "supervisor/control/http_routes.hpp"
#include "supervisor/log/log_tail.hpp"
#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

inline constexpr std::string_view kLogContentType = "text/plain; charset=utf-8";

/// The last lines of a log as one answer; 404 where there is no file yet, 503 where what has its
/// name is none.
void collect_log(const std::shared_ptr<LogFolder>& folder, LogRequest request,
                 const std::function<void(HttpReply)>& done);

/// Answers with the log as it grows, a chunk as soon as there are lines, until the client goes or
/// the server does. A client that reads slower than the log is written loses the oldest lines and
/// is told in a line that begins with '#'; one that takes none within the write limit is cut.
///
/// Takes over the connection and its place and lives by itself in the loop, unless it gives an
/// error (LimitReached): then both are left as they were.
[[nodiscard]] std::optional<Error> start_http_log_stream(
    TransportStream& stream, std::optional<Connections::Place>& place,
    const std::shared_ptr<ControlContext>& context, LogRequest request);

}  // namespace bulkhead::supervisor
