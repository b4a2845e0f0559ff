#pragma once

#include <string>
#include <vector>

#include "common/session_spec.hpp"

namespace bulkhead::worker {

/// Every text that would give the session's credentials away in a log line or a message: user,
/// password, secret values of path and query, the credentials as the operator wrote them, and the
/// Base64 of HTTP's Basic authentication. Percent-encoded forms are left to the Redactor, which
/// recognises them itself. Empty for an address that cannot be parsed.
[[nodiscard]] std::vector<std::string> session_secrets(const SessionSpec& spec);

}  // namespace bulkhead::worker
