#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ipc/priority_class.hpp"

namespace bulkhead::supervisor {

/// What a stream does with a message of a class that has come to its threshold.
enum class OverflowPolicy : std::uint8_t {
  DropOldest,  // the oldest of the class leaves
  DropNewest,  // the newcomer is refused
  Coalesce,    // the newcomer takes the place of what waits of its session
  Block,       // what waits stays, and newcomers too while the client catches up within a limit
  Error,       // the stream ends: the client wants all or nothing
};
inline constexpr std::array kAllOverflowPolicies{
    OverflowPolicy::DropOldest, OverflowPolicy::DropNewest, OverflowPolicy::Coalesce,
    OverflowPolicy::Block, OverflowPolicy::Error};

[[nodiscard]] std::string_view name_of(OverflowPolicy policy) noexcept;  // "drop_oldest"
[[nodiscard]] std::optional<OverflowPolicy> overflow_policy_of(std::string_view name) noexcept;

struct ClassPolicy {
  OverflowPolicy overflow = OverflowPolicy::DropOldest;
  std::chrono::milliseconds block_limit{0};  // of Block only

  bool operator==(const ClassPolicy&) const = default;
};

/// What a client chose for its stream. CONTROL and CRITICAL are never dropped, so there is nothing
/// to choose for them.
struct StreamPolicy {
  ClassPolicy important{};
  ClassPolicy bulk{.overflow = OverflowPolicy::Coalesce};
  double max_rate = 0;                        // detections a second; 0: as many as there are
  std::chrono::milliseconds time_to_live{0};  // of a detection that waits; 0: for ever
  bool compress = false;                      // where the connection can

  [[nodiscard]] const ClassPolicy& of(ipc::PriorityClass priority) const noexcept {
    return priority == ipc::PriorityClass::Bulk ? bulk : important;
  }
};

}  // namespace bulkhead::supervisor
