#include "supervisor/cli/rpc_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kEchoBytes = 512;

std::string seconds_text(RpcClient::Limit limit) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + " s";
}

Failure not_there(const Endpoint& endpoint, const std::string& why) {
  return {Exit::NotThere, "no supervisor at " + endpoint.url() + " (" + why +
                              ")\n"
                              "  Start one:     bulkhead-supervisor\n"
                              "  Or say where:  bulkhead --url ws://HOST:PORT/ws, or BULKHEAD_URL"};
}

/// The supervisor does not let us in; why, as far as the status of its answer tells.
Failure not_let_in(const Endpoint& endpoint, unsigned status) {
  std::string why = "HTTP " + std::to_string(status);
  if (status == 401) {
    why = endpoint.token.empty() ? "a token is needed; give it with --token-file FILE"
                                 : "the token is not known, revoked or expired";
  } else if (status == 400 && !endpoint.is_tls) {
    why += "; write wss:// where it speaks TLS";
  } else if (status == 429) {
    why = "too many refused logins from here, or too many connections; wait a little";
  }
  return {Exit::Refused, endpoint.url() + " refuses: " + why};
}

Failure no_tls(const Endpoint& endpoint, const std::string& why) {
  return {Exit::Refused, "no TLS with " + endpoint.url() + " (" + why +
                             "); give --cert-file and --key-file where it asks for a certificate"};
}

/// What the error object of a reply says, in one line.
Failure refused(const json& error) {
  const std::string code = error.value("data", json::object()).value("code", std::string{"ERROR"});
  const std::string sentence = error.value("message", std::string{"no reason given"});
  return {Exit::Refused, printable_text(code + ": " + sentence, kEchoBytes)};
}

}  // namespace

struct RpcClient::Connection {
  explicit Connection(Endpoint where) : endpoint{std::move(where)} {}

  /// Runs the loop until `done` holds a result or the limit is over; then closes the socket, which
  /// ends whatever is pending. Nothing: timed out.
  std::optional<error_code> await(const std::optional<error_code>& done,
                                  std::optional<Clock::time_point> deadline) {
    loop.restart();
    while (!done) {
      if (!deadline) {
        loop.run_one();
      } else if (loop.run_one_until(*deadline) == 0) {
        beast::get_lowest_layer(socket).close();
        while (!done) loop.run_one();
        return std::nullopt;
      }
    }
    return done;
  }

  Outcome<> open(Limit limit);
  Outcome<> secure(Clock::time_point deadline, Limit limit);
  [[nodiscard]] bool is_on_this_machine();
  Outcome<> send(const std::string& text, Clock::time_point deadline, Limit limit);
  Outcome<json> receive(std::optional<Clock::time_point> deadline, Limit limit);

  Failure lost(const error_code& why) const {
    if (why == beast::error::timeout) {
      return {Exit::Timeout, "the supervisor at " + endpoint.url() + " is silent"};
    }
    return {Exit::NotThere, "the connection to " + endpoint.url() + " ended: " + why.message()};
  }
  Failure too_late(Limit limit) const {
    return {Exit::Timeout, "no answer from " + endpoint.url() + " within " + seconds_text(limit)};
  }

  Endpoint endpoint;
  asio::io_context loop;
  websocket::stream<TransportStream> socket{TransportStream{beast::tcp_stream{loop}}};
  beast::flat_buffer buffer;
  std::deque<json> notifications;
  std::uint64_t last_id = 0;
};

Outcome<> RpcClient::Connection::open(Limit limit) {
  const auto deadline = Clock::now() + limit;
  tcp::resolver resolver{loop};
  tcp::resolver::results_type addresses;
  std::optional<error_code> done;
  resolver.async_resolve(endpoint.host, endpoint.port,
                         [&](error_code failure, tcp::resolver::results_type found) {
                           addresses = std::move(found);
                           done = failure;
                         });
  // A resolver cannot be cancelled half-way: its own limits (resolv.conf) end it.
  auto outcome = await(done, std::nullopt);
  if (*outcome) return not_there(endpoint, outcome->message());

  done.reset();
  socket.next_layer().tcp().async_connect(
      addresses, [&](error_code failure, const tcp::endpoint&) { done = failure; });
  outcome = await(done, deadline);
  if (!outcome) return not_there(endpoint, "no answer within " + seconds_text(limit));
  if (*outcome) return not_there(endpoint, outcome->message());
  if (!endpoint.is_tls && !endpoint.token.empty() && !is_on_this_machine()) {
    return Failure{Exit::Usage, "a token would go to " + endpoint.url() +
                                    " in the clear, for all on the way to read; write wss://"};
  }
  if (endpoint.is_tls) {
    if (auto secured = secure(deadline, limit); !secured) return secured;
  }

  websocket::stream_base::timeout times =
      websocket::stream_base::timeout::suggested(beast::role_type::client);
  times.idle_timeout = limits::kCliSilence;
  times.keep_alive_pings = true;
  socket.set_option(times);
  socket.read_message_max(limits::kCliMessageBytes);
  if (!endpoint.token.empty()) {
    socket.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      request.set(beast::http::field::authorization, "Bearer " + endpoint.token);
    }));
  }
  done.reset();
  websocket::response_type answer;
  socket.async_handshake(answer, endpoint.authority(), endpoint.path,
                         [&](error_code failure) { done = failure; });
  outcome = await(done, deadline);
  if (!outcome) return not_there(endpoint, "no WebSocket answer within " + seconds_text(limit));
  if (*outcome == websocket::error::upgrade_declined &&
      (answer.result_int() == 400 || answer.result_int() == 401 || answer.result_int() == 429)) {
    return not_let_in(endpoint, answer.result_int());
  }
  // TLS 1.3 tells only now that a certificate of ours was wanted.
  if (*outcome && outcome->category() == asio::error::get_ssl_category()) {
    return no_tls(endpoint, outcome->message());
  }
  if (*outcome) return not_there(endpoint, "it speaks no WebSocket: " + outcome->message());
  return boost::system::in_place_value;
}

bool RpcClient::Connection::is_on_this_machine() {
  error_code gone;
  const auto address = socket.next_layer().socket().remote_endpoint(gone).address();
  return !gone && address.is_loopback();
}

Outcome<> RpcClient::Connection::secure(Clock::time_point deadline, Limit limit) {
  const auto context = make_tls_context(endpoint.tls);
  if (!context) return Failure{Exit::Refused, context.error().message};
  const auto tls = secure_client(socket.next_layer(), **context, endpoint.host);
  if (!tls) return Failure{Exit::Refused, tls.error().message};
  std::optional<error_code> done;
  (*tls)->async_handshake(asio::ssl::stream_base::client,
                          [&](error_code failure) { done = failure; });
  const auto outcome = await(done, deadline);
  if (!outcome) return not_there(endpoint, "no answer to TLS within " + seconds_text(limit));
  if (!*outcome) return boost::system::in_place_value;
  const std::string distrust = distrust_of(**tls);
  if (distrust.empty()) return no_tls(endpoint, outcome->message());
  return Failure{Exit::Refused, "the certificate of " + endpoint.url() + " is not trusted (" +
                                    distrust + "); give --ca-file, or the name it is for in --url"};
}

Outcome<> RpcClient::Connection::send(const std::string& text, Clock::time_point deadline,
                                      Limit limit) {
  std::optional<error_code> done;
  socket.async_write(asio::buffer(text), [&](error_code failure, std::size_t) { done = failure; });
  const auto outcome = await(done, deadline);
  if (!outcome) return too_late(limit);
  if (*outcome) return lost(*outcome);
  return boost::system::in_place_value;
}

Outcome<json> RpcClient::Connection::receive(std::optional<Clock::time_point> deadline,
                                             Limit limit) {
  buffer.clear();
  std::optional<error_code> done;
  socket.async_read(buffer, [&](error_code failure, std::size_t) { done = failure; });
  const auto outcome = await(done, deadline);
  if (!outcome) return too_late(limit);
  if (*outcome) return lost(*outcome);
  const std::string_view text{static_cast<const char*>(buffer.data().data()), buffer.size()};
  json message = json::parse(text, nullptr, false);
  if (!message.is_object()) {
    return Failure{Exit::NotThere, endpoint.url() + " speaks no JSON-RPC: is it a supervisor?"};
  }
  return {boost::system::in_place_value, std::move(message)};
}

RpcClient::RpcClient(std::unique_ptr<Connection> connection) noexcept
    : connection_{std::move(connection)} {}
RpcClient::RpcClient(RpcClient&&) noexcept = default;
RpcClient& RpcClient::operator=(RpcClient&&) noexcept = default;
RpcClient::~RpcClient() = default;

Outcome<RpcClient> RpcClient::connect(const Endpoint& endpoint, Limit limit) {
  auto connection = std::make_unique<Connection>(endpoint);
  if (const auto opened = connection->open(limit); !opened) return opened.error();
  return RpcClient{std::move(connection)};
}

Outcome<json> RpcClient::call(const std::string& method, const json& params, Limit limit) {
  Connection& connection = *connection_;
  const std::uint64_t id = ++connection.last_id;
  const auto deadline = Clock::now() + limit;
  const json request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  if (const auto sent = connection.send(request.dump(), deadline, limit); !sent) {
    return sent.error();
  }
  while (true) {
    auto message = connection.receive(deadline, limit);
    if (!message) return message;
    if (message->contains("id")) {
      if (message->contains("error")) return refused(message->at("error"));
      return {boost::system::in_place_value, message->value("result", json::object())};
    }
    if (connection.notifications.size() >= limits::kCliNotifications) {
      return Failure{Exit::Timeout, "too many notifications before the answer to " + method};
    }
    connection.notifications.push_back(std::move(*message));
  }
}

Outcome<json> RpcClient::next_notification() {
  Connection& connection = *connection_;
  if (connection.notifications.empty()) return connection.receive(std::nullopt, {});
  json next = std::move(connection.notifications.front());
  connection.notifications.pop_front();
  return {boost::system::in_place_value, std::move(next)};
}

Outcome<json> RpcClient::next_notification(Limit limit) {
  if (!connection_->notifications.empty()) return next_notification();
  return connection_->receive(Clock::now() + limit, limit);
}

bool RpcClient::may_return() const {
  return connection_->socket.reason().code == websocket::close_code::service_restart;
}

}  // namespace bulkhead::cli
