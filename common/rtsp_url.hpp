#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead {

/// A camera's address with its credentials taken out, so that printing it is always safe.
struct RtspUrl {
  std::string scheme;  // "rtsp", "rtsps" or "file"
  std::string user;    // percent-decoded; empty: none
  std::string password;
  std::string host;          // without brackets; empty for file
  std::uint16_t port = 554;  // where none was given: 554 for rtsp, 322 for rtsps, 0 for file
  std::string path;  // query included; empty or with leading '/'. Of a file: decoded, absolute

  /// Checks scheme, length (limits::kUrlChars), host, port and control characters. Errors never
  /// repeat a part that could be a password.
  static Result<RtspUrl> parse(std::string_view text);

  /// Never holds user or password, nor the value of a query key that names a secret.
  [[nodiscard]] std::string printable() const;

  /// What GStreamer's `location` gets: no user information, query untouched. Not for logs. Of a
  /// file: its URI; the plain path is `path`.
  [[nodiscard]] std::string location() const;

  /// Values to hide in every output: the password, and what secret query keys hold. Decoded.
  [[nodiscard]] std::vector<std::string> secrets() const;

  bool operator==(const RtspUrl&) const = default;

 private:
  [[nodiscard]] std::string origin() const;
};

}  // namespace bulkhead
