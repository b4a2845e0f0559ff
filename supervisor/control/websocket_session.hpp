#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "supervisor/control/connections.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

/// Serves one WebSocket: JSON-RPC in, replies and notifications out, one text frame a message.
///
/// A bad message gets an error reply and changes nothing else. A client that is too slow is cut:
/// when one write takes longer than `write_time`, or when what must not be dropped overflows. One
/// that sends requests faster than it reads replies is not read until it has read some. Silence is
/// answered with pings and, after the idle time, the end. Lives by itself in the loop, ended by its
/// peer, a limit, or `Connections`.
void start_websocket_session(
    boost::beast::tcp_stream stream,
    const boost::beast::http::request<boost::beast::http::string_body>& request,
    Connections::Place place, const std::shared_ptr<ControlContext>& context);

}  // namespace bulkhead::supervisor
