#pragma once

#include <chrono>

namespace bulkhead::test {

/// Only a hang reaches this; a passing test never waits for it.
inline constexpr std::chrono::seconds kHangLimit{60};

}  // namespace bulkhead::test
