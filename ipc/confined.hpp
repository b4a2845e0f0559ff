#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::ipc {

/// What a worker can no longer do: said once, before it reads a byte from the network.
struct Confined {
  std::uint32_t landlock = 0;  // version of the kernel's Landlock in effect; 0: none
  bool syscall_filter = false;
  std::uint32_t uid = 0;
  /// The TCP ports it may connect to, at most limits::kConfinedPorts; absent: all of them.
  std::optional<std::vector<std::uint16_t>> tcp_ports;
  /// What could not be had and why, a sentence each, at most limits::kConfinementGaps.
  std::vector<std::string> missing;

  bool operator==(const Confined&) const = default;
};

}  // namespace bulkhead::ipc
