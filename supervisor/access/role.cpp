#include "supervisor/access/role.hpp"

namespace bulkhead::supervisor {

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::Viewer:
      return "viewer";
    case Role::Operator:
      return "operator";
    case Role::Admin:
      return "admin";
  }
  return "";
}

std::optional<Role> role_of(std::string_view name) noexcept {
  for (const Role role : kAllRoles) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

}  // namespace bulkhead::supervisor
