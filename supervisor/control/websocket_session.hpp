#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "supervisor/control/connections.hpp"
#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

/// Serves one WebSocket: JSON-RPC in, replies and notifications out, one text frame a message.
///
/// A bad message gets an error reply and changes nothing else. A client is cut when one
/// write takes longer than `write_time`; one that reads slowly again and again, or lets what must
/// not be dropped overflow, is told where to resume and closed with 4008. One that sends requests
/// faster than it reads replies is not read until it has read some. Silence is answered with pings
/// and, after the idle time, the end. Lives by itself in the loop, ended by its peer, a limit, the
/// end of its token (4001), or `Connections`.
void start_websocket_session(
    TransportStream stream,
    const boost::beast::http::request<boost::beast::http::string_body>& request,
    Connections::Place place, const std::shared_ptr<ControlContext>& context,
    const std::shared_ptr<const Identity>& identity);

}  // namespace bulkhead::supervisor
