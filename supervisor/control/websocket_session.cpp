#include "supervisor/control/websocket_session.hpp"

#include <spdlog/logger.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>
#include <utility>

#include "supervisor/control/control_context.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/subscriber.hpp"

namespace bulkhead::supervisor {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

using Clock = std::chrono::steady_clock;
using Request = beast::http::request<beast::http::string_body>;

// A buffer that once held the largest message is not kept by every idle client.
constexpr std::size_t kKeptReadBufferBytes = 16 * 1024;

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(beast::tcp_stream stream, Connections::Place place,
                   const std::shared_ptr<ControlContext>& context)
      : ws_{std::move(stream)},
        deadline_{context->loop},
        place_{std::move(place)},
        context_{context},
        connections_{context->connections},
        limits_{context->limits} {}

  void start(const Request& request) {
    const auto context = context_.lock();
    subscriber_ = std::make_shared<Subscriber>(context->hub, limits_, [this] { on_wake(); });
    const auto weak = weak_from_this();
    place_.set_ending({.close =
                           [weak](Connections::Farewell farewell) {
                             if (const auto self = weak.lock()) self->say_goodbye(farewell);
                           },
                       .abandon =
                           [weak] {
                             if (const auto self = weak.lock()) self->finish();
                           }});
    ws_.set_option(websocket::stream_base::timeout{limits_.handshake_time, limits_.idle_time,
                                                   true /* keep-alive pings */});
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::server, "bulkhead");
    }));
    ws_.read_message_max(limits_.message_bytes);
    // One message is one frame: no copies into fragments of 4 KiB.
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.async_accept(request,
                     beast::bind_front_handler(&WebSocketSession::on_accepted, shared_from_this()));
  }

 private:
  void on_accepted(beast::error_code error) {
    if (error) return finish();
    read_message();
  }

  void read_message() {
    ws_.async_read(buffer_,
                   beast::bind_front_handler(&WebSocketSession::on_message, shared_from_this()));
  }

  void on_message(beast::error_code error, std::size_t) {
    const auto context = context_.lock();
    if (error || is_finished_ || context == nullptr) return finish();
    const auto bytes = buffer_.cdata();
    if (ws_.got_text()) {
      handle(*context, {static_cast<const char*>(bytes.data()), bytes.size()});
    } else {
      subscriber_->reply(error_text(
          "null", kRpcInvalidRequest,
          {ErrorCode::ProtocolError, "a request is JSON in a text frame, not a binary one", {}}));
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kKeptReadBufferBytes) buffer_.shrink_to_fit();
    read_unless_behind();
  }

  /// A client that does not read its replies is not asked for more requests.
  void read_unless_behind() {
    is_reading_ = !subscriber_->has_many_replies();
    if (is_reading_) read_message();
  }

  void handle(ControlContext& context, std::string_view text) {
    auto request = parse_request(text);
    if (!request) {
      const RpcRefusal& refusal = request.error();
      return subscriber_->reply(error_text(refusal.id, refusal.code, refusal.error));
    }
    const bool is_notification = request->id.empty();
    const auto refuse = [&](int code, const Error& error) {
      if (!is_notification) subscriber_->reply(error_text(request->id, code, error));
    };
    const auto* method = context.methods.find(request->method);
    if (method == nullptr) {
      return refuse(
          kRpcMethodNotFound,
          {ErrorCode::NotFound, "there is no such method; rpc.discover lists them", "method"});
    }
    if (pending_ >= limits_.requests_per_connection) {
      return refuse(rpc_code_of(ErrorCode::LimitReached),
                    {ErrorCode::LimitReached, "too many requests wait for their reply", {}});
    }
    ++pending_;
    const Caller caller{.connection = place_.id(), .subscriber = subscriber_};
    (*method)(caller, *request->params,
              [weak = weak_from_this(), id = request->id](const Result<std::string>& result) {
                if (const auto self = weak.lock()) self->on_reply(id, result);
              });
  }

  void on_reply(const std::string& id, const Result<std::string>& result) {
    --pending_;
    if (is_finished_ || id.empty()) return;
    subscriber_->reply(result ? result_text(id, *result)
                              : error_text(id, rpc_code_of(result.error().code), result.error()));
  }

  /// Called whenever there is something to say, also from within the hub's publish, where nothing
  /// may be destroyed: an overflow is dealt with in a turn of its own.
  void on_wake() {
    if (is_finished_) return;
    if (subscriber_->overflowed()) {
      asio::post(ws_.get_executor(), [self = shared_from_this()] { self->evict("overflow"); });
      return;
    }
    write_next();
  }

  void write_next() {
    if (is_writing_ || is_finished_ || is_close_sent_) return;
    // What was answered before the goodbye is still said; detections would never end.
    if (is_closing_ && !subscriber_->has_replies()) return close();
    auto out = subscriber_->next();
    if (!out) return;
    is_writing_ = true;
    outgoing_ = *std::move(out);
    write_started_ = Clock::now();
    watch_write();
    const std::array<asio::const_buffer, 2> frame{
        asio::buffer(outgoing_.head),
        outgoing_.payload ? asio::buffer(outgoing_.payload->params_tail) : asio::const_buffer{}};
    ws_.async_write(frame,
                    beast::bind_front_handler(&WebSocketSession::on_written, shared_from_this()));
  }

  void on_written(beast::error_code error, std::size_t bytes) {
    is_writing_ = false;
    outgoing_ = {};
    if (error) return finish();
    ++connections_->messages_sent_total;
    connections_->bytes_sent_total += bytes;
    if (is_finished_) return;
    if (!is_reading_) read_unless_behind();
    write_next();
  }

  /// One timer for all writes, armed again only when it fires: arming it for each of ten thousand
  /// messages a second would cost more than the messages.
  void watch_write() {
    if (is_deadline_armed_) return;
    is_deadline_armed_ = true;
    deadline_.expires_at(write_started_ + limits_.write_time);
    deadline_.async_wait([weak = weak_from_this()](beast::error_code error) {
      const auto self = weak.lock();
      // Closing has its own use of the timer.
      if (error || self == nullptr || self->is_closing_) return;
      self->is_deadline_armed_ = false;
      if (!self->is_writing_) return;
      if (Clock::now() - self->write_started_ >= self->limits_.write_time) {
        return self->evict("write_timeout");
      }
      self->watch_write();
    });
  }

  void say_goodbye(Connections::Farewell farewell) {
    if (is_finished_ || is_closing_) return;
    is_closing_ = true;
    farewell_ = farewell == Connections::Farewell::Restarting
                    ? websocket::close_code::service_restart
                    : websocket::close_code::going_away;
    deadline_.expires_after(limits_.close_time);
    deadline_.async_wait([weak = weak_from_this()](beast::error_code error) {
      if (const auto self = weak.lock(); self != nullptr && !error) self->finish();
    });
    write_next();
  }

  void close() {
    if (std::exchange(is_close_sent_, true)) return;
    ws_.async_close(farewell_, [self = shared_from_this()](beast::error_code) { self->finish(); });
  }

  /// Not a WebSocket close: that would wait behind the write that is stuck.
  void evict(const char* why) {
    if (is_finished_) return;
    ++connections_->evicted_total[why];
    if (const auto context = context_.lock()) {
      context->log->warn("slow client cut connection={} why={}", place_.id(), why);
    }
    finish();
  }

  void finish() {
    if (is_finished_) return;
    is_finished_ = true;
    deadline_.cancel();
    subscriber_->leave();
    beast::get_lowest_layer(ws_).close();
    if (const auto context = context_.lock()) {
      context->connection_sessions.connection_gone(place_.id());
    }
  }

  websocket::stream<beast::tcp_stream> ws_;
  asio::steady_timer deadline_;
  Connections::Place place_;
  std::weak_ptr<ControlContext> context_;
  std::shared_ptr<Connections> connections_;
  ControlLimits limits_;
  std::shared_ptr<Subscriber> subscriber_;
  beast::flat_buffer buffer_;
  Outgoing outgoing_;
  Clock::time_point write_started_;
  std::size_t pending_ = 0;  // requests without reply yet
  bool is_deadline_armed_ = false;
  bool is_reading_ = true;
  bool is_writing_ = false;
  bool is_closing_ = false;
  bool is_close_sent_ = false;
  websocket::close_code farewell_ = websocket::close_code::going_away;
  bool is_finished_ = false;
};

}  // namespace

void start_websocket_session(beast::tcp_stream stream, const Request& request,
                             Connections::Place place,
                             const std::shared_ptr<ControlContext>& context) {
  std::make_shared<WebSocketSession>(std::move(stream), std::move(place), context)->start(request);
}

}  // namespace bulkhead::supervisor
