#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "common/result.hpp"

namespace bulkhead::supervisor {

struct ControlContext;

/// The listening socket of the control channel: accepts, sets the socket's limits, and hands each
/// connection on. Past the limit of connections a newcomer is told 503, and past the limit of
/// those it is closed unheard. When the process has no descriptor left it waits a moment and goes
/// on; connections that exist do not notice. Used by the supervisor's loop.
class Listener {
 public:
  explicit Listener(const std::shared_ptr<ControlContext>& context);

  /// `host` is an address or "localhost"; port 0 takes a free one.
  Result<void> listen(const std::string& host, std::uint16_t port);

  /// Goes on with a socket that listens already, and owns it.
  Result<void> resume(int descriptor);

  /// Accepts no more; who connects waits in the kernel's queue until `go_on`, or until the next
  /// program in this process does.
  void pause();
  void go_on();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] int descriptor() { return acceptor_.native_handle(); }
  void close();

 private:
  void accept();
  void retry_later();
  void on_accepted(const std::shared_ptr<ControlContext>& context, boost::system::error_code error,
                   boost::asio::ip::tcp::socket socket);

  std::weak_ptr<ControlContext> context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  std::uint16_t port_ = 0;
  bool is_paused_ = false;
};

}  // namespace bulkhead::supervisor
