#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "supervisor/control/connections.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

enum class Welcome { Serve, Refuse };

/// Serves one accepted connection until it ends: HTTP requests in turn, or a WebSocket once one
/// asks to upgrade at /ws. A connection to be refused is read once and told 503. The first request
/// must be complete within the handshake time, each reply written within the write time; what is
/// over a limit gets its status (413, 414, 431) and the connection ends. Lives by itself in the
/// loop, ended by its peer, a limit, or `Connections`.
void start_http_session(boost::asio::ip::tcp::socket socket, Connections::Place place,
                        const std::shared_ptr<ControlContext>& context, Welcome welcome);

}  // namespace bulkhead::supervisor
