#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstddef>
#include <utility>
#include <variant>

#include "common/result.hpp"

namespace bulkhead {

/// A TCP connection of the control channel, in the clear or under TLS: what WebSocket and HTTP are
/// spoken over, at both ends. It begins in the clear; `secure` puts TLS over it, before anything
/// was read or written, and the owner then does the handshake on what it returns.
///
/// Reading and writing are those of Asio and Beast; limits of time are those of `tcp()`, where each
/// read and each write of the socket is under the one that was set when it began. Movable as long
/// as nothing is on its way. One read and one write at a time, by the thread of its executor.
class TransportStream {
 public:
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::asio::ssl::stream<Tcp>;
  using executor_type = Tcp::executor_type;
  using error_code = boost::system::error_code;

  explicit TransportStream(Tcp tcp) : stream_{std::in_place_type<Tcp>, std::move(tcp)} {}

  /// Once. The context may go; what of it is needed stays. Io: OpenSSL has no memory, and the
  /// connection is closed.
  Result<Tls*> secure(boost::asio::ssl::context& context);

  [[nodiscard]] bool is_secure() const noexcept { return std::holds_alternative<Tls>(stream_); }

  /// The socket and its timers, whatever lies over it.
  [[nodiscard]] Tcp& tcp() noexcept;
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() noexcept { return tcp().socket(); }
  [[nodiscard]] executor_type get_executor() noexcept { return tcp().get_executor(); }

  /// At once, without a goodbye of TLS; what is on its way ends with an error.
  void close() { tcp().close(); }

  // Beast wants the blocking forms to exist.
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers) {
    return std::visit([&](auto& layer) { return layer.read_some(buffers); }, stream_);
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, error_code& error) {
    return std::visit([&](auto& layer) { return layer.read_some(buffers, error); }, stream_);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers) {
    return std::visit([&](auto& layer) { return layer.write_some(buffers); }, stream_);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, error_code& error) {
    return std::visit([&](auto& layer) { return layer.write_some(buffers, error); }, stream_);
  }

  template <class MutableBuffers, class Handler>
  auto async_read_some(const MutableBuffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto on_read, const MutableBuffers& into) {
          std::visit([&](auto& layer) { layer.async_read_some(into, std::move(on_read)); },
                     stream_);
        },
        handler, buffers);
  }
  template <class ConstBuffers, class Handler>
  auto async_write_some(const ConstBuffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto on_written, const ConstBuffers& from) {
          std::visit([&](auto& layer) { layer.async_write_some(from, std::move(on_written)); },
                     stream_);
        },
        handler, buffers);
  }

  // How Beast ends a connection: found by their names. Under TLS as well by TCP alone: that all was
  // said is in WebSocket's own close frame, and to wait for TLS's goodbye would read beside a read
  // that WebSocket may have on its way, which Beast's tcp_stream does not allow.
  friend void beast_close_socket(TransportStream& stream) { stream.close(); }
  friend void teardown(boost::beast::role_type role, TransportStream& stream, error_code& error) {
    teardown(role, stream.tcp(), error);
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, TransportStream& stream,
                             Handler&& handler) {
    async_teardown(role, stream.tcp(), std::forward<Handler>(handler));
  }

 private:
  std::variant<Tcp, Tls> stream_;
};

}  // namespace bulkhead
