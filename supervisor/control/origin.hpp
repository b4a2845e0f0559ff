#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::supervisor {

/// Whether a page of `origin` (the header's value) may use the control channel under `host` (the
/// Host header's): pages of this machine, pages that came from the same host, and those of the
/// operator's list `allowed`, each "https://HOST[:PORT]" as a browser writes it. A browser sends
/// Origin with what a page does in the user's name; programs send none and are not asked.
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view host,
                                     const std::vector<std::string>& allowed = {}) noexcept;

}  // namespace bulkhead::supervisor
