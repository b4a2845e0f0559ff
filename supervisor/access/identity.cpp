#include "supervisor/access/identity.hpp"

namespace bulkhead::supervisor {

const std::shared_ptr<const Identity>& loopback_identity() {
  static const auto identity = std::make_shared<const Identity>(Identity{
      .name = "loopback", .role = Role::Admin, .scope = {}, .token = 0, .address = "127.0.0.1"});
  return identity;
}

const std::shared_ptr<const Identity>& nobody() {
  static const auto nobody_at_all =
      std::make_shared<const Identity>(Identity{.name = "nobody",
                                                .role = Role::Viewer,
                                                .scope = AccessScope::parse({"nobody"}).value(),
                                                .token = 0,
                                                .address = {}});
  return nobody_at_all;
}

}  // namespace bulkhead::supervisor
