#pragma once

#include <array>
#include <charconv>

namespace bulkhead {

/// The shortest decimal that reads back as the same float: 0.3, not 0.30000001192092896.
[[nodiscard]] inline double shortest_decimal(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double result = value;
  std::from_chars(text.data(), written.ptr, result);
  return result;
}

}  // namespace bulkhead
