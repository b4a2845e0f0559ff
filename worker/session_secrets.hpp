#pragma once

#include <string>
#include <vector>

#include "common/rtsp_url.hpp"

namespace bulkhead::worker {

/// Every text that would give the session's credentials away in a log line or a message: user,
/// password, secret values of path and query, and the Base64 of HTTP's Basic authentication.
/// Percent-encoded forms are left to the Redactor, which recognises them itself.
[[nodiscard]] std::vector<std::string> session_secrets(const RtspUrl& url);

}  // namespace bulkhead::worker
