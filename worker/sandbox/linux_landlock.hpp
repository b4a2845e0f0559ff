#pragma once

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

/// Landlock as Linux 6.12 and later offer it (ABI 6), where Debian 12's header ends with ABI 2.
/// Numbers are those of include/uapi/linux/landlock.h of the kernel, which never change; the
/// system calls have no wrapper in glibc.
namespace bulkhead::worker::landlock {

// Rights on files that came after ABI 2.
inline constexpr std::uint64_t kTruncate = 1ULL << 14;  // ABI 3
inline constexpr std::uint64_t kIoctlDev = 1ULL << 15;  // ABI 5

// Rights on TCP ports, ABI 4.
inline constexpr std::uint64_t kBindTcp = 1ULL << 0;
inline constexpr std::uint64_t kConnectTcp = 1ULL << 1;

// What stays inside, ABI 6.
inline constexpr std::uint64_t kScopeAbstractSockets = 1ULL << 0;
inline constexpr std::uint64_t kScopeSignals = 1ULL << 1;

/// struct landlock_ruleset_attr of ABI 6. A kernel takes a longer one whose end is zero.
struct RulesetAttr {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // ABI 4
  std::uint64_t scoped = 0;              // ABI 6
};

/// struct landlock_net_port_attr, ABI 4.
struct NetPortAttr {
  std::uint64_t allowed_access = 0;
  std::uint64_t port = 0;  // as numbers are written, not as the network orders them
};
inline constexpr int kRuleNetPort = 2;  // LANDLOCK_RULE_NET_PORT

inline int create_ruleset(const RulesetAttr* attr, std::size_t size, std::uint32_t flags) noexcept {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, attr, size, flags));
}

inline int add_rule(int ruleset, int type, const void* attr) noexcept {
  return static_cast<int>(::syscall(SYS_landlock_add_rule, ruleset, type, attr, 0U));
}

inline int restrict_self(int ruleset) noexcept {
  return static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset, 0U));
}

}  // namespace bulkhead::worker::landlock
