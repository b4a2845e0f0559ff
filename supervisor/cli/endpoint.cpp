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
  return {Exit::Usage, "--url " + std::string{url} + ": " + sentence + "; write ws://HOST:PORT/ws"};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// The rest after `scheme://`, or nothing where the scheme is another one.
std::optional<std::string_view> without_scheme(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == url.npos) return url;
  const std::string_view scheme = url.substr(0, end);
  if (scheme != "ws" && scheme != "http") return std::nullopt;
  return url.substr(end + 3);
}

}  // namespace

Outcome<Endpoint> Endpoint::parse(std::string_view url) {
  if (url.size() > limits::kUrlChars || has_control_character(url)) {
    return refused("", "is too long or holds a control character");
  }
  const auto rest = without_scheme(url);
  if (!rest) return refused(url, "only ws:// is spoken");
  const std::size_t slash = rest->find('/');
  const std::string_view authority = rest->substr(0, slash);
  const std::string_view path = slash == rest->npos ? "" : rest->substr(slash);
  if (authority.find('@') != authority.npos) return refused("", "user names are not supported");

  Endpoint endpoint;
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

std::string Endpoint::url() const { return "ws://" + authority() + path; }

}  // namespace bulkhead::cli
