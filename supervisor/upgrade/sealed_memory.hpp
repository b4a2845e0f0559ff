#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// Memory without a name that nobody can change any more, its writer included: it holds passwords,
/// so it is never a file, and who maps it later reads what was written. Close-on-exec.
/// LimitReached when there is no memory for it, or past kInheritanceBytes.
[[nodiscard]] Result<UniqueFd> seal(std::span<const std::uint8_t> bytes);

/// Corrupt where `descriptor` is no such memory. Leaves it open.
[[nodiscard]] Result<std::vector<std::uint8_t>> read_sealed(int descriptor);

}  // namespace bulkhead::supervisor
