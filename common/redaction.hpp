#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

/// What stands where a secret was.
inline constexpr std::string_view kRedacted = "***";

/// Removes secrets from text by their value: every secret of a session is registered with its
/// logger, so it cannot leave through a message nobody foresaw (GStreamer prints URIs in errors).
///
/// Shared by the threads of one process; a lock is held only while one text is scanned. Also
/// hides the percent-encoded form of a secret. Secrets under 3 bytes are refused as too common.
class Redactor {
 public:
  void add(std::string_view secret);
  [[nodiscard]] std::string redact(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> secrets_;  // longest first, so that no rest of a longer one stays
};

/// Text of foreign origin made fit for one log line or one JSON message: control characters
/// become \xNN, invalid UTF-8 becomes '?', more than `max_bytes` is cut with "…".
[[nodiscard]] std::string printable_text(std::string_view text, std::size_t max_bytes);

/// Whether it is fit for that as it is.
[[nodiscard]] bool is_printable(std::string_view text);

}  // namespace bulkhead
