#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "supervisor/access/access_scope.hpp"
#include "supervisor/access/role.hpp"

namespace bulkhead::supervisor {

/// Names a token for the life of the process; never used again.
using TokenNumber = std::uint64_t;

/// Who a connection is. Fixed when it begins; a token that is revoked ends its connections.
struct Identity {
  std::string name{};  // of the token; "loopback" without credentials
  Role role = Role::Viewer;
  AccessScope scope{};
  TokenNumber token = 0;  // 0: none
  std::string address{};  // where it comes from, without the port
};

/// Of who reaches the port from this machine without credentials, where that is open.
[[nodiscard]] const std::shared_ptr<const Identity>& loopback_identity();

/// Of a request that is for everybody: a viewer of nothing.
[[nodiscard]] const std::shared_ptr<const Identity>& nobody();

}  // namespace bulkhead::supervisor
