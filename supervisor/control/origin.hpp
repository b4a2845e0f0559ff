#pragma once

#include <string_view>

namespace bulkhead::supervisor {

/// Whether a page of `origin` (the header's value) may use the control channel under `host` (the
/// Host header's): pages of this machine, and pages that came from the same host. A browser sends
/// Origin with what a page does in the user's name; programs send none and are not asked.
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view host) noexcept;

}  // namespace bulkhead::supervisor
