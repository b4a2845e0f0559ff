#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bulkhead::supervisor {

/// What somebody may do; each role may all that the ones before it may.
enum class Role : std::uint8_t {
  Viewer,    // sees sessions, streams, pictures
  Operator,  // commands sessions
  Admin,     // tokens, and the supervisor itself
};

inline constexpr std::array kAllRoles{Role::Viewer, Role::Operator, Role::Admin};

[[nodiscard]] std::string_view name_of(Role role) noexcept;  // "viewer"
[[nodiscard]] std::optional<Role> role_of(std::string_view name) noexcept;

[[nodiscard]] constexpr bool covers(Role has, Role needed) noexcept { return has >= needed; }

}  // namespace bulkhead::supervisor
