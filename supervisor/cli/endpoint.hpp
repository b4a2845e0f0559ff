#pragma once

#include <string>
#include <string_view>

#include "supervisor/cli/outcome.hpp"

namespace bulkhead::cli {

/// Where the supervisor listens.
struct Endpoint {
  std::string host;  // without brackets
  std::string port;
  std::string path;  // of the WebSocket

  /// ws://HOST[:PORT][/PATH]; without a port 8001, without a path /ws. http:// is taken for ws://,
  /// for that is what the supervisor's ready line shows first; so is a plain HOST:PORT.
  static Outcome<Endpoint> parse(std::string_view url);

  [[nodiscard]] std::string authority() const;  // "127.0.0.1:8001", "[::1]:8001"
  [[nodiscard]] std::string url() const;        // "ws://127.0.0.1:8001/ws"
};

}  // namespace bulkhead::cli
