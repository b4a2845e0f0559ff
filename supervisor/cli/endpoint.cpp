#include "supervisor/cli/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "common/limits.hpp"
#include "common/utf8.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kDefaultPort = "8001";
constexpr std::string_view kDefaultPath = "/ws";

Failure refused(std::string_view url, const std::string& sentence) {
  return {Exit::Usage, "--url " + std::string{url} + ": " + sentence +
                           "; write ws://HOST:PORT/ws, or wss:// for TLS"};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc{} && end == text.data() + text.size() && port != 0;
}

struct Scheme {
  bool is_tls = false;
  std::string_view rest;  // of the URL
};

/// Nothing where the scheme is another one; without one it is ws.
std::optional<Scheme> scheme_of(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == url.npos) return Scheme{false, url};
  const std::string_view name = url.substr(0, end);
  const bool is_tls = name == "wss" || name == "https";
  if (!is_tls && name != "ws" && name != "http") return std::nullopt;
  return Scheme{is_tls, url.substr(end + 3)};
}

}  // namespace

Outcome<Endpoint> Endpoint::parse(std::string_view url) {
  if (url.size() > limits::kUrlChars || has_control_character(url)) {
    return refused("", "is too long or holds a control character");
  }
  const auto scheme = scheme_of(url);
  if (!scheme) return refused(url, "only ws:// and wss:// are spoken");
  const std::string_view rest = scheme->rest;
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view path = slash == rest.npos ? "" : rest.substr(slash);
  if (authority.find('@') != authority.npos) return refused("", "user names are not supported");

  Endpoint endpoint;
  endpoint.is_tls = scheme->is_tls;
  endpoint.path = path.size() > 1 ? path : kDefaultPath;
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == authority.npos) return refused(url, "[ has no ]");
    endpoint.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    endpoint.host = authority.substr(0, colon);
    if (colon != authority.npos) port = authority.substr(colon);
  }
  if (endpoint.host.empty()) return refused(url, "has no host");
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) {
    return refused(url, "has no valid port");
  }
  endpoint.port = port.empty() ? kDefaultPort : port.substr(1);
  return endpoint;
}

std::string Endpoint::authority() const {
  const bool brackets = host.find(':') != host.npos;
  return (brackets ? "[" + host + "]" : host) + ":" + port;
}

std::string Endpoint::url() const { return (is_tls ? "wss://" : "ws://") + authority() + path; }

}  // namespace bulkhead::cli
