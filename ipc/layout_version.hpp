#pragma once

#include <cstddef>
#include <cstdint>

namespace bulkhead::ipc {

/// Raised with every change of a struct, constant or message in ipc/. Both ends check it in the
/// segment's header and in the hello message, and refuse the other when it differs.
inline constexpr std::uint32_t kLayoutVersion = 11;

/// A constant of ours, not std::hardware_destructive_interference_size: that one follows compiler
/// flags, and both ends must agree on the layout.
inline constexpr std::size_t kCacheLineBytes = 64;

}  // namespace bulkhead::ipc
