#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bulkhead::worker {

inline constexpr std::int32_t kUnassigned = -1;

/// The one-to-one assignment of rows to columns with the greatest sum of gains. `gains` has a row
/// after the other, each of `columns` finite numbers; what gains nothing (0 or less) is never
/// assigned. Gives the column of each row, or kUnassigned. The same gains give the same answer.
///
/// Shortest augmenting paths: R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for
/// dense and sparse linear assignment problems", Computing 38 (1987). Time grows with
/// rows² × columns of the lesser and the greater side; pure.
[[nodiscard]] std::vector<std::int32_t> best_assignment(std::span<const float> gains,
                                                        std::size_t rows, std::size_t columns);

}  // namespace bulkhead::worker
