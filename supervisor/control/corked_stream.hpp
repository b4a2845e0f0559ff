#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::supervisor {

/// The layer between WebSocket and the socket that gathers frames, so that many leave in one system
/// call. Beast writes a frame a call; a client that is told a hundred things at once would cost a
/// hundred calls, and those are most of what a message costs.
///
/// - `write_some` only keeps the bytes and never blocks: our own messages. The
///   owner bounds how many it keeps before it calls `flush`.
/// - `async_write_some` keeps them too and completes once they have left: Beast's own frames
///   (handshake, pong, close), which are small, and of which Beast has one on its way at most.
/// - `flush` sends all that is kept, unless a flush is on its way: then that one goes on with it.
///
/// Frames therefore leave in the order in which they were written, whoever wrote them. Reading
/// passes through. Owned by one WebSocket session, used by the supervisor's loop.
class CorkedStream {
 public:
  using next_layer_type = TransportStream;
  using executor_type = next_layer_type::executor_type;
  using error_code = boost::system::error_code;

  using Clock = std::chrono::steady_clock;

  /// Told of each flush: how many bytes have left and how long they took, or what went wrong, after
  /// which nothing leaves any more.
  using Flushed = std::function<void(error_code error, std::size_t bytes, Clock::duration took)>;

  explicit CorkedStream(next_layer_type next) : next_{std::move(next)} {}

  /// Before anything is written. The owner lives until a flush that is on its way has ended.
  void attach(std::weak_ptr<void> owner, Flushed on_flushed) {
    owner_ = std::move(owner);
    on_flushed_ = std::move(on_flushed);
  }

  [[nodiscard]] executor_type get_executor() noexcept { return next_.get_executor(); }
  [[nodiscard]] next_layer_type& next_layer() noexcept { return next_; }
  [[nodiscard]] const next_layer_type& next_layer() const noexcept { return next_; }

  /// Bytes that wait for the next flush.
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return kept_.size(); }
  [[nodiscard]] bool is_flushing() const noexcept { return is_flushing_; }
  [[nodiscard]] Clock::time_point flush_started() const noexcept { return flush_started_; }

  void flush();

  // Beast asks for both forms of each; nobody calls the reading ones.
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers) {
    return next_.read_some(buffers);
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, error_code& error) {
    return next_.read_some(buffers, error);
  }

  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers) {
    return keep(buffers);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, error_code& error) {
    error = {};
    return keep(buffers);
  }

  template <class MutableBuffers, class Handler>
  auto async_read_some(const MutableBuffers& buffers, Handler&& handler) {
    return next_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <class ConstBuffers, class Handler>
  auto async_write_some(const ConstBuffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto on_written, const ConstBuffers& bytes) {
          const std::size_t size = keep(bytes);
          // A handler may only be movable, which std::function does not take.
          auto shared = std::make_shared<decltype(on_written)>(std::move(on_written));
          waiters_.push_back(
              [shared, size](error_code error) { (*shared)(error, error ? 0 : size); });
          flush();
        },
        handler, buffers);
  }

 private:
  template <class ConstBuffers>
  std::size_t keep(const ConstBuffers& buffers) {
    const std::size_t before = kept_.size();
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::const_buffer part{*it};
      kept_.append(static_cast<const char*>(part.data()), part.size());
    }
    return kept_.size() - before;
  }

  using Waiter = std::function<void(error_code)>;

  void on_left(error_code error, std::size_t bytes);

  next_layer_type next_;
  std::weak_ptr<void> owner_;
  Flushed on_flushed_;
  std::string kept_;
  std::string leaving_;
  std::vector<Waiter> waiters_;  // for what is kept
  std::vector<Waiter> leaving_waiters_;
  bool is_flushing_ = false;
  Clock::time_point flush_started_;  // also of one that Beast's own frames began
};

// How Beast ends the TCP connection below a WebSocket; found by their names.
void teardown(boost::beast::role_type role, CorkedStream& stream, boost::system::error_code& error);

template <class Handler>
void async_teardown(boost::beast::role_type role, CorkedStream& stream, Handler&& handler) {
  // By its own name, which finds that of the layer below.
  async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

}  // namespace bulkhead::supervisor
