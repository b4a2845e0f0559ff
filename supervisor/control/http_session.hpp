#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "supervisor/control/connections.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

enum class Welcome {
  Serve,
  Refuse,    // there are too many: 503
  WantsTls,  // it spoke in the clear where that is not done: 400
};

/// The other end of a connection.
struct Peer {
  std::string address{};  // empty: gone before it was asked for
  bool is_loopback = false;
  bool is_here = false;  // it is on this machine, whichever of its addresses it took
};

/// Serves one accepted connection until it ends: HTTP requests in turn, or a WebSocket once one
/// asks to upgrade at /ws. Where there is a certificate, TLS comes first: a handshake that is not
/// complete within the handshake time ends the connection, and who speaks in the clear is told so
/// with 400. A connection to be refused is read once and told 503. The first request
/// must be complete within the handshake time, each reply written within the write time; what is
/// over a limit gets its status (413, 414, 431) and the connection ends. Lives by itself in the
/// loop, ended by its peer, a limit, or `Connections`.
void start_http_session(boost::asio::ip::tcp::socket socket, Peer peer, Connections::Place place,
                        const std::shared_ptr<ControlContext>& context, Welcome welcome);

}  // namespace bulkhead::supervisor
