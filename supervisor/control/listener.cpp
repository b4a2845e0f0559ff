#include "supervisor/control/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/logger.h>
#include <sys/socket.h>

#include <utility>

#include "common/limits.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/control/http_session.hpp"

namespace bulkhead::supervisor {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Error listen_error(const std::string& host, std::uint16_t port, const error_code& error) {
  return {ErrorCode::Io,
          "cannot listen on " + host + " port " + std::to_string(port) + ": " + error.message(),
          "listen"};
}

/// What the kernel may hold for one client is bounded as well, and a peer that vanished without a
/// word is noticed although Beast's timers see only what the application sees.
void set_limits(tcp::socket& socket, const ControlLimits& limits) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  socket.set_option(asio::socket_base::send_buffer_size{limits.send_buffer_bytes}, ignored);
  const auto unacknowledged = static_cast<unsigned>(2 * limits.write_time.count());
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged,
               sizeof unacknowledged);
}

Peer peer_of(const tcp::socket& socket) {
  error_code gone;
  auto address = socket.remote_endpoint(gone).address();
  if (gone) return {};
  const bool is_own = address == socket.local_endpoint(gone).address();
  // How IPv4 arrives at a socket of IPv6.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return {.address = address.to_string(),
          .is_loopback = address.is_loopback(),
          .is_here = is_own || address.is_loopback()};
}

}  // namespace

Listener::Listener(const std::shared_ptr<ControlContext>& context)
    : context_{context}, acceptor_{context->loop}, retry_{context->loop} {}

Result<void> Listener::listen(const std::string& host, std::uint16_t port) {
  error_code error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) {
    return Error{ErrorCode::InvalidParams,
                 "listen.host must be an address such as 127.0.0.1 or ::1", "listen.host"};
  }
  const tcp::endpoint endpoint{address, port};
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(host, port, error);
  port_ = acceptor_.local_endpoint(error).port();
  if (error) return listen_error(host, port, error);
  accept();
  return {};
}

Result<void> Listener::resume(int descriptor) {
  sockaddr_storage bound{};
  socklen_t bytes = sizeof bound;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) {
    return errno_error(ErrorCode::Io, "the listening socket did not come along");
  }
  error_code error;
  acceptor_.assign(bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return Error{ErrorCode::Io, "cannot go on listening: " + error.message(), {}};
  accept();
  return {};
}

void Listener::pause() {
  is_paused_ = true;
  error_code ignored;
  acceptor_.cancel(ignored);
  retry_.cancel();
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

void Listener::go_on() {
  if (std::exchange(is_paused_, false)) accept();
}

void Listener::accept() {
  // The context lives exactly as long as `this`, and an outcome may come after both are gone.
  acceptor_.async_accept([this, weak = context_](error_code error, tcp::socket socket) {
    if (const auto context = weak.lock()) on_accepted(context, error, std::move(socket));
  });
}

void Listener::retry_later() {
  retry_.expires_after(limits::kAcceptRetry);
  retry_.async_wait([this, weak = context_](error_code) {
    if (!weak.expired() && acceptor_.is_open() && !is_paused_) accept();
  });
}

void Listener::on_accepted(const std::shared_ptr<ControlContext>& context, error_code error,
                           tcp::socket socket) {
  if (!acceptor_.is_open() || error == asio::error::operation_aborted) return;
  if (error) {
    context->log->warn("cannot accept a connection: {}", error.message());
    return retry_later();
  }
  set_limits(socket, context->limits);
  Welcome welcome = Welcome::Serve;
  Peer peer = peer_of(socket);
  auto place = context->connections->admit(peer.is_here);
  if (!place) {
    welcome = Welcome::Refuse;
    place = context->connections->refuse();
  }
  // Without a place the socket is closed here.
  if (place) {
    start_http_session(std::move(socket), std::move(peer), *std::move(place), context, welcome);
  }
  if (!is_paused_) accept();
}

}  // namespace bulkhead::supervisor
