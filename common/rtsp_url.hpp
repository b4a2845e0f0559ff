#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead {

/// A camera's address with its credentials taken out, so that printing it is always safe.
struct RtspUrl {
  std::string scheme;  // "rtsp", "rtsps" or "file"
  std::string user;    // percent-decoded; empty: none
  std::string password;
  std::string host;  // without brackets; empty for file
  std::uint16_t port = 554;
  std::string path;  // with leading '/', query included

  /// Checks scheme, length (limits::kUrlChars), host, port and control characters.
  static Result<RtspUrl> parse(std::string_view text);

  /// Never holds user or password, nor the value of a query key that names a secret.
  [[nodiscard]] std::string printable() const;

  /// What GStreamer's `location` gets: no user information, query untouched. Not for logs.
  [[nodiscard]] std::string location() const;
};

}  // namespace bulkhead
