#include "supervisor/control/http_session.hpp"

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/control/credentials.hpp"
#include "supervisor/control/http_log_stream.hpp"
#include "supervisor/control/origin.hpp"
#include "supervisor/control/websocket_session.hpp"
#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::supervisor {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

using Request = http::request<http::string_body>;

// The page loads nothing from elsewhere and is framed by nobody.
constexpr std::string_view kPagePolicy =
    "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' "
    "blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'";

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket, Peer peer, Connections::Place place,
              const std::shared_ptr<ControlContext>& context, Welcome welcome)
      : stream_{beast::tcp_stream{std::move(socket)}},
        place_{std::move(place)},
        context_{context},
        limits_{context->limits},
        welcome_{welcome},
        peer_{std::move(peer)},
        commands_{limits_.commands_per_second, limits::kCommandsBurst} {}

  void start() {
    const auto end = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->stream_.close();
    };
    place_->set_ending({.close = [end](Connections::Farewell) { end(); },
                        .abandon = end,
                        .revoke = [end](std::string_view) { end(); }});
    if (context_.lock()->tls) return detect_tls();
    read_request();
  }

 private:
  void detect_tls() {
    stream_.tcp().expires_after(limits_.handshake_time);
    beast::async_detect_ssl(
        stream_.tcp(), buffer_,
        beast::bind_front_handler(&HttpSession::on_detected, shared_from_this()));
  }

  void on_detected(beast::error_code error, bool is_tls) {
    const auto context = context_.lock();
    if (error || context == nullptr) return stream_.close();
    if (!is_tls) {
      welcome_ = Welcome::WantsTls;
      return read_request();
    }
    // A handshake is the most that a stranger can have us compute: there is no 503 at its end.
    const std::int64_t now_ns = monotonic_ns();
    if (welcome_ == Welcome::Refuse || context->handshakes.ready_ns(now_ns) > now_ns) {
      context->audit.refused(peer_.address, 503, "too many connections or handshakes", now_ns);
      return stream_.close();
    }
    context->handshakes.take(now_ns);
    const auto tls = stream_.secure(*context->tls->context());
    if (!tls) return;
    (*tls)->async_handshake(
        boost::asio::ssl::stream_base::server, buffer_.data(),
        beast::bind_front_handler(&HttpSession::on_handshake, shared_from_this()));
  }

  void on_handshake(beast::error_code error, std::size_t taken) {
    if (error) {
      if (const auto context = context_.lock()) {
        context->audit.refused(peer_.address, 0, "no TLS: " + error.message(), monotonic_ns());
      }
      return stream_.close();
    }
    buffer_.consume(taken);
    read_request();
  }

  void read_request() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits_.http_header_bytes));
    parser_->body_limit(limits_.http_body_bytes);
    // One limit for the whole request: a client that sends byte by byte gains nothing.
    stream_.tcp().expires_after(limits_.handshake_time);
    http::async_read(stream_, buffer_, *parser_,
                     beast::bind_front_handler(&HttpSession::on_request, shared_from_this()));
  }

  void on_request(beast::error_code error, std::size_t) {
    const auto context = context_.lock();
    if (context == nullptr) return stream_.close();
    if (error) return on_bad_request(error);
    request_ = parser_->release();
    if (welcome_ == Welcome::Refuse) {
      return write_last(http_error(
          503, {ErrorCode::LimitReached, "all connections are taken; try again later", {}}));
    }
    if (welcome_ == Welcome::WantsTls) {
      return write_last(http_error(
          400, {ErrorCode::ProtocolError, "TLS is spoken here: use https:// or wss://", {}}));
    }
    if (request_.target().size() > limits_.http_target_bytes) {
      return write_last(http_error(414, {ErrorCode::LimitReached, "the path is too long", {}}));
    }
    if (!may_ask(context->services.config.access.origins)) {
      return write_last(http_error(
          403, {ErrorCode::InvalidParams, "pages of this origin may not use this server", {}}));
    }
    if (const auto refusal = authenticate(*context)) return write_last(login_error(*refusal));
    if (path() == "/ws") return upgrade(context);
    if (const std::int64_t now_ns = monotonic_ns(); commands_.ready_ns(now_ns) <= now_ns) {
      commands_.take(now_ns);
    } else {
      return write_last(login_error(
          {.status = 429, .reason = "too many requests on this connection", .retry_after_s = 1}));
    }
    answer(*context);
  }

  /// Nothing is done for a client before it is known who it is, but to say that we live and to give
  /// it the page that it can log in with.
  std::optional<LoginRefusal> authenticate(ControlContext& context) {
    const auto target = request_.target();
    identity_ = nobody();  // of each request anew
    auto shown = read_credentials(request_, {target.data(), target.size()});
    if (!shown) return shown.error();
    shown->address = peer_.address;
    shown->is_loopback = peer_.is_loopback;
    const bool is_for_all = path() == "/healthz" || path() == "/";
    if (is_for_all && !shown->token && !shown->ticket) return std::nullopt;
    const auto known = context.authenticator.identify(*shown, monotonic_ns());
    if (!known) return known.error();
    identity_ = *known;
    place_->set_token(identity_->token);
    return std::nullopt;
  }

  [[nodiscard]] static HttpReply login_error(const LoginRefusal& refusal) {
    const ErrorCode code = refusal.status == 429   ? ErrorCode::LimitReached
                           : refusal.status == 401 ? ErrorCode::Unauthenticated
                                                   : ErrorCode::InvalidParams;
    HttpReply reply = http_error(refusal.status, {code, refusal.reason, {}});
    reply.retry_after_s = refusal.retry_after_s;
    return reply;
  }

  [[nodiscard]] std::string_view path() const {
    const auto target = request_.target();
    return std::string_view{target.data(), target.size()}.substr(0, target.find('?'));
  }

  /// A page of another site can send requests in its reader's name, but cannot hide where it came
  /// from. Reading alone is harmless: the browser keeps the answer from such a page.
  [[nodiscard]] bool may_ask(const std::vector<std::string>& allowed) const {
    const auto origin = request_.find(http::field::origin);
    if (origin == request_.end()) return true;
    const bool only_reads =
        (request_.method() == http::verb::get || request_.method() == http::verb::head) &&
        path() != "/ws";
    const auto value = origin->value();
    const auto host = request_[http::field::host];
    return only_reads ||
           is_allowed_origin({value.data(), value.size()}, {host.data(), host.size()}, allowed);
  }

  void upgrade(const std::shared_ptr<ControlContext>& context) {
    if (!beast::websocket::is_upgrade(request_)) {
      return write_last(
          http_error(426, {ErrorCode::InvalidParams, "this path speaks WebSocket only", {}}));
    }
    stream_.tcp().expires_never();
    start_websocket_session(std::move(stream_), request_, *std::move(place_), context, identity_);
    place_.reset();
  }

  void answer(const ControlContext& context) {
    // A restart may take longer than any request; the reply has a limit of its own.
    stream_.tcp().expires_never();
    const bool is_head = request_.method() == http::verb::head;
    const HttpRequest request{.method = is_head ? "GET" : std::string{request_.method_string()},
                              .target = std::string{request_.target()},
                              .body = std::move(request_.body()),
                              .identity = identity_};
    context.routes.answer(request, [self = shared_from_this()](HttpReply reply) {
      self->write(std::move(reply), false);
    });
  }

  void write_last(HttpReply reply) { write(std::move(reply), true); }

  void write(HttpReply reply, bool is_last) {
    if (reply.followed) return follow_log(*std::move(reply.followed));
    is_last_ = is_last || !request_.keep_alive();
    auto& response = reply_.emplace();
    response.version(request_.version() == 10 ? 10 : 11);
    response.result(reply.status);
    response.set(http::field::server, "bulkhead");
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.set(http::field::content_type, reply.content_type);
    if (reply.content_type.starts_with("text/html")) {
      response.set("Content-Security-Policy",
                   beast::string_view{kPagePolicy.data(), kPagePolicy.size()});
    }
    if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
    if (reply.status == 503) response.set(http::field::retry_after, "5");
    if (reply.status == 401) response.set(http::field::www_authenticate, "Bearer");
    if (reply.retry_after_s > 0) {
      response.set(http::field::retry_after, std::to_string(reply.retry_after_s));
    }
    response.keep_alive(!is_last_);
    response.content_length(reply.body.size());
    if (request_.method() != http::verb::head) response.body() = std::move(reply.body);
    stream_.tcp().expires_after(limits_.write_time);
    http::async_write(stream_, *reply_,
                      beast::bind_front_handler(&HttpSession::on_written, shared_from_this()));
  }

  void follow_log(LogRequest request) {
    const auto context = context_.lock();
    if (context == nullptr) return stream_.close();
    if (request_.version() < 11 || request_.method() == http::verb::head) {
      return write_last(http_error(
          400, {ErrorCode::InvalidParams, "to follow a log takes a GET of HTTP/1.1", "follow"}));
    }
    const auto refused = start_http_log_stream(stream_, place_, context, std::move(request));
    if (!refused) return;
    write_last(http_error(http_status_of(refused->code), *refused));
  }

  void on_written(beast::error_code error, std::size_t) {
    reply_.reset();
    if (error) return stream_.close();
    if (is_last_) return drain();
    read_request();
  }

  void on_bad_request(beast::error_code error) {
    if (error == http::error::end_of_stream) return stream_.close();
    if (error == http::error::header_limit) {
      return write_last(http_error(431, {ErrorCode::LimitReached, "the header is too large", {}}));
    }
    if (error == http::error::body_limit) {
      return write_last(http_error(413, {ErrorCode::LimitReached, "the body is too large", {}}));
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      return write_last(
          http_error(400, {ErrorCode::ProtocolError, "no HTTP request: " + error.message(), {}}));
    }
    stream_.close();  // gone, or too slow
  }

  /// Reads away what the client still sends, for a short while: closing a socket with unread bytes
  /// would reset the connection, and the client could lose the reply it should see.
  void drain() {
    beast::error_code ignored;
    // Under TLS a half that ends without a goodbye is an attack: the client ends it.
    if (!stream_.is_secure()) {
      stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    }
    stream_.tcp().expires_after(limits_.close_time);
    read_away();
  }

  void read_away() {
    stream_.async_read_some(boost::asio::buffer(scratch_),
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (error) return self->stream_.close();
                              self->read_away();
                            });
  }

  TransportStream stream_;
  std::optional<Connections::Place> place_;
  std::weak_ptr<ControlContext> context_;
  ControlLimits limits_;
  Welcome welcome_;
  Peer peer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  std::shared_ptr<const Identity> identity_ = nobody();
  TokenBucket commands_;
  std::optional<http::response<http::string_body>> reply_;
  std::array<char, 4096> scratch_{};
  bool is_last_ = false;
};

}  // namespace

void start_http_session(boost::asio::ip::tcp::socket socket, Peer peer, Connections::Place place,
                        const std::shared_ptr<ControlContext>& context, Welcome welcome) {
  std::make_shared<HttpSession>(std::move(socket), std::move(peer), std::move(place), context,
                                welcome)
      ->start();
}

}  // namespace bulkhead::supervisor
