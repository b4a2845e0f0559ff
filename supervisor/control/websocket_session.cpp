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

#include "common/clock.hpp"
#include "common/utf8.hpp"
#include "supervisor/control/compression.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/control/corked_stream.hpp"
#include "supervisor/control/credentials.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/subscriber.hpp"
#include "supervisor/control/write_pace.hpp"

namespace bulkhead::supervisor {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

using Clock = std::chrono::steady_clock;
using Request = beast::http::request<beast::http::string_body>;

// A buffer that once held the largest message is not kept by every idle client.
constexpr std::size_t kKeptReadBufferBytes = 16 * 1024;

constexpr std::uint16_t kRevokedCode = 4001;
constexpr std::uint16_t kSlowConsumerCode = 4008;

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(TransportStream stream, Connections::Place place,
                   const std::shared_ptr<ControlContext>& context,
                   std::shared_ptr<const Identity> identity)
      : ws_{CorkedStream{std::move(stream)}},
        deadline_{context->loop},
        place_{std::move(place)},
        context_{context},
        connections_{context->connections},
        limits_{context->limits},
        identity_{std::move(identity)},
        commands_{limits_.commands_per_second, limits::kCommandsBurst} {}

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
                           },
                       .revoke =
                           [weak](std::string_view why) {
                             if (const auto self = weak.lock()) self->revoke(why);
                           }});
    place_.set_token(identity_->token);
    ws_.set_option(websocket::stream_base::timeout{limits_.handshake_time, limits_.idle_time,
                                                   true /* keep-alive pings */});
    ws_.set_option(websocket::stream_base::decorator(
        [echoes = offers_protocol(request)](websocket::response_type& response) {
          response.set(beast::http::field::server, "bulkhead");
          if (!echoes) return;
          response.set(beast::http::field::sec_websocket_protocol,
                       beast::string_view{kWebSocketProtocol.data(), kWebSocketProtocol.size()});
        }));
    ws_.set_option(compression());
    ws_.read_message_max(limits_.message_bytes);
    // One message is one frame: no copies into fragments of 4 KiB.
    ws_.auto_fragment(false);
    ws_.text(true);
    cork().attach(weak, [this](beast::error_code error, std::size_t bytes, Clock::duration took) {
      on_flushed(error, bytes, took);
    });
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
    const std::string_view text{static_cast<const char*>(bytes.data()), bytes.size()};
    // Beast overlooks a last character that an empty fragment cuts off.
    if (ws_.got_text() && !is_utf8(text)) {
      if (is_closing_) return finish();
      begin_close(websocket::close_code::bad_payload);
      return write_on();  // not later: nothing reads any more, and so nothing else holds us
    }
    if (is_revoked_) {
      // Only its goodbye is still waited for.
    } else if (ws_.got_text()) {
      handle(*context, text);
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
    if (const std::int64_t now_ns = monotonic_ns(); commands_.ready_ns(now_ns) <= now_ns) {
      commands_.take(now_ns);
    } else {
      return refuse(rpc_code_of(ErrorCode::LimitReached),
                    {ErrorCode::LimitReached, "too many requests a second on this connection", {}});
    }
    if (pending_ >= limits_.requests_per_connection) {
      return refuse(rpc_code_of(ErrorCode::LimitReached),
                    {ErrorCode::LimitReached, "too many requests wait for their reply", {}});
    }
    ++pending_;
    const Caller caller{
        .connection = place_.id(), .subscriber = subscriber_, .identity = identity_};
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
  /// may be destroyed: it is said, or an overflow dealt with, when the pacer says so.
  void on_wake() {
    const auto context = context_.lock();
    if (is_finished_ || is_flush_asked_ || context == nullptr) return;
    is_flush_asked_ = true;
    context->pacer.ask([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->is_flush_asked_ = false;
      self->write_on();
    });
  }

  /// Gathers what there is to say and sends it, unless something is on its way: then what waits
  /// leaves after that.
  void write_on() {
    if (is_finished_ || is_close_sent_ || cork().is_flushing()) return;
    end_overflowed_streams();
    if (subscriber_->overflowed() && !is_closing_) return dismiss("overflow");
    const std::int64_t now_ns = monotonic_ns();
    while (cork().kept_bytes() < flush_size_.bytes() && !is_close_due()) {
      const auto out = subscriber_->next(now_ns);
      if (!out) break;
      if (!write(*out)) return finish();
    }
    if (cork().kept_bytes() > 0) {
      cork().flush();
      if (!is_watching_) watch_write(progress_.next_look(cork().flush_started()));
    } else if (is_close_due()) {
      close();
    }
  }

  /// What was answered before the goodbye is still said; detections would never end.
  [[nodiscard]] bool is_close_due() const {
    return is_closing_ && !subscriber_->has_replies() && !subscriber_->has_notices();
  }

  [[nodiscard]] bool write(const Outgoing& out) {
    const std::array<asio::const_buffer, 2> frame{asio::buffer(out.head), asio::buffer(out.tail)};
    ws_.compress(out.compress);
    beast::error_code error;
    ws_.write(frame, error);  // into the cork: never blocks
    ++connections_->messages_sent_total;
    ++messages_leaving_;
    return !error;
  }

  void on_flushed(beast::error_code error, std::size_t bytes, Clock::duration took) {
    if (error || is_finished_) return finish();
    connections_->bytes_sent_total += bytes;
    ++connections_->writes_total;
    // Beast's own frames say nothing of how fast the client takes ours.
    if (std::exchange(messages_leaving_, 0) > 0) {
      flush_size_.taken(bytes, took);
      subscriber_->written(std::chrono::nanoseconds{took}.count());
      judge_speed(took);
    }
    if (is_finished_) return;
    if (!is_reading_ && !is_closing_) read_unless_behind();
    write_on();
  }

  void judge_speed(Clock::duration took) {
    if (is_closing_) return;
    const std::int64_t now_ns = monotonic_ns();
    if (took <= limits_.slow_write) {
      if (slow_.recovers(now_ns)) subscriber_->recover();
      return;
    }
    ++connections_->slow_writes_total;
    switch (slow_.slow_write(now_ns)) {
      case SlowConsumer::Verdict::Fine:
        return;
      case SlowConsumer::Verdict::BecameSlow:
        return subscriber_->throttle(now_ns);
      case SlowConsumer::Verdict::TooSlow:
        return dismiss("slow_consumer");
    }
  }

  /// One timer for all writes, armed again only when it fires: arming it for each of ten thousand
  /// messages a second would cost more than the messages.
  void watch_write(Clock::time_point next_look) {
    if (is_closing_) return;  // which has its own use of the timer
    is_watching_ = true;
    deadline_.expires_at(next_look);
    deadline_.async_wait([weak = weak_from_this()](beast::error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || self->is_closing_) return;
      self->is_watching_ = false;
      if (self->cork().is_flushing()) self->look_at_write();
    });
  }

  void look_at_write() {
    const auto now = Clock::now();
    const int socket = beast::get_lowest_layer(ws_).socket().native_handle();
    if (!progress_.look(cork().flush_started(), unacknowledged_bytes(socket), now)) {
      return cut("write_timeout");
    }
    watch_write(progress_.next_look(now));
  }

  void say_goodbye(Connections::Farewell farewell) {
    if (is_finished_ || is_closing_) return;
    // Who comes back to the next program goes on there.
    if (farewell == Connections::Farewell::Restarting) subscriber_->close_streams("restarting");
    begin_close(farewell == Connections::Farewell::Restarting
                    ? websocket::close_code::service_restart
                    : websocket::close_code::going_away);
  }

  /// Each is told where to resume; the others of this connection go on.
  void end_overflowed_streams() {
    const std::size_t ended = subscriber_->end_overflowed();
    if (ended == 0) return;
    connections_->evicted_total["stream_overflow"] += ended;
    if (const auto context = context_.lock()) {
      context->log->warn("streams of a slow client ended connection={} count={}", place_.id(),
                         ended);
    }
  }

  /// A client that is too slow, or let something pile up that is never dropped: it is told where to
  /// resume, and leaves. What of this it does not read within the close time it never will.
  void dismiss(std::string_view why) {
    ++connections_->evicted_total[std::string{why}];
    if (const auto context = context_.lock()) {
      context->log->warn("slow client dismissed connection={} why={}", place_.id(), why);
    }
    subscriber_->close_streams(why);
    begin_close({static_cast<websocket::close_code>(kSlowConsumerCode),
                 beast::string_view{why.data(), why.size()}});
  }

  /// Who is no longer known sees and commands nothing from now on.
  void revoke(std::string_view why) {
    if (is_finished_ || std::exchange(is_revoked_, true)) return;
    subscriber_->leave();
    begin_close({static_cast<websocket::close_code>(kRevokedCode),
                 beast::string_view{why.data(), why.size()}});
  }

  void begin_close(const websocket::close_reason& farewell) {
    is_closing_ = true;
    farewell_ = farewell;
    deadline_.expires_after(limits_.close_time);
    deadline_.async_wait([weak = weak_from_this()](beast::error_code error) {
      if (const auto self = weak.lock(); self != nullptr && !error) self->finish();
    });
    on_wake();
  }

  void close() {
    if (std::exchange(is_close_sent_, true)) return;
    ws_.async_close(farewell_, [self = shared_from_this()](beast::error_code) { self->finish(); });
  }

  /// Not a WebSocket close: that would wait behind the write that is stuck.
  void cut(const char* why) {
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

  [[nodiscard]] CorkedStream& cork() noexcept { return ws_.next_layer(); }

  websocket::stream<CorkedStream> ws_;
  asio::steady_timer deadline_;
  Connections::Place place_;
  std::weak_ptr<ControlContext> context_;
  std::shared_ptr<Connections> connections_;
  ControlLimits limits_;
  std::shared_ptr<Subscriber> subscriber_;
  std::shared_ptr<const Identity> identity_;
  TokenBucket commands_;
  beast::flat_buffer buffer_;
  SlowConsumer slow_;
  FlushSize flush_size_;
  WriteProgress progress_{limits_.write_time};
  std::size_t messages_leaving_ = 0;  // ours, with the flush that is on its way
  std::size_t pending_ = 0;           // requests without reply yet
  bool is_watching_ = false;          // a timer will look at the write
  bool is_reading_ = true;
  bool is_flush_asked_ = false;
  bool is_closing_ = false;
  bool is_close_sent_ = false;
  bool is_revoked_ = false;
  websocket::close_reason farewell_;
  bool is_finished_ = false;
};

}  // namespace

void start_websocket_session(TransportStream stream, const Request& request,
                             Connections::Place place,
                             const std::shared_ptr<ControlContext>& context,
                             const std::shared_ptr<const Identity>& identity) {
  std::make_shared<WebSocketSession>(std::move(stream), std::move(place), context, identity)
      ->start(request);
}

}  // namespace bulkhead::supervisor
