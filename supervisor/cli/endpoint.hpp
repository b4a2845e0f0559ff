#pragma once

#include <string>
#include <string_view>

#include "supervisor/cli/outcome.hpp"
#include "supervisor/transport/client_tls.hpp"

namespace bulkhead::cli {

/// Where the supervisor listens.
struct Endpoint {
  std::string host;  // without brackets
  std::string port;
  std::string path;     // of the WebSocket
  bool is_tls = false;  // wss://
  std::string token;    // to show there; empty: none. Never part of `url`.
  TlsFiles tls = {};    // of use only with `is_tls`

  /// ws[s]://HOST[:PORT][/PATH]; without a port 8001, without a path /ws. http[s]:// is taken for
  /// ws[s]://, for that is what the supervisor's ready line shows first; a plain HOST:PORT for
  /// ws://.
  static Outcome<Endpoint> parse(std::string_view url);

  [[nodiscard]] std::string authority() const;  // "127.0.0.1:8001", "[::1]:8001"
  [[nodiscard]] std::string url() const;        // "ws://127.0.0.1:8001/ws", "wss://…"
};

}  // namespace bulkhead::cli
