#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::ipc {

/// Priority of a result, highest first. What a full queue does with each is DESIGN §3's table.
enum class PriorityClass : std::uint8_t { Control = 0, Critical = 1, Important = 2, Bulk = 3 };

inline constexpr std::size_t kPriorityClasses = 4;
inline constexpr std::array kAllPriorityClasses{PriorityClass::Control, PriorityClass::Critical,
                                                PriorityClass::Important, PriorityClass::Bulk};

[[nodiscard]] constexpr std::size_t index_of(PriorityClass c) noexcept {
  return static_cast<std::size_t>(c);
}

[[nodiscard]] constexpr std::string_view name_of(PriorityClass c) noexcept {
  constexpr std::array<std::string_view, kPriorityClasses> kNames{"CONTROL", "CRITICAL",
                                                                  "IMPORTANT", "BULK"};
  return kNames[index_of(c)];
}

}  // namespace bulkhead::ipc
