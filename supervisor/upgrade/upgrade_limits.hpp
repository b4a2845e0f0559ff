#pragma once

#include <chrono>
#include <cstddef>

namespace bulkhead::supervisor {

/// For the next program to read what it would get and to say whether it can go on with it.
inline constexpr std::chrono::seconds kDryRunTime{10};

/// Of what it says then.
inline constexpr std::size_t kDryRunTextBytes = 4096;

/// For connections to end, beyond the time each has for its last words.
inline constexpr std::chrono::seconds kFarewellTime{3};

/// For the disk to take the last changes of the registry. The loop stands still meanwhile.
inline constexpr std::chrono::seconds kRegistryFlushTime{2};

/// Of everything that is handed over; nearly all of it is the history, at most 1 MiB a session.
inline constexpr std::size_t kInheritanceBytes = std::size_t{1} << 30;

}  // namespace bulkhead::supervisor
