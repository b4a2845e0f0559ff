#pragma once

#include <cstddef>

#include "common/detection.hpp"
#include "common/limits.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {

inline constexpr std::size_t kBoxBytes = 4 * sizeof(float);
/// Of an object without attributes.
inline constexpr std::size_t kObjectBytes = kBoxBytes + sizeof(float) + 2 + 4 + 4 + 4;
inline constexpr std::size_t kLongestAttributeBytes =
    1 + 4 + limits::kLabelBytes + sizeof(float) + 1 + kBoxBytes;

/// One object of a detection or an event. Read as hostile: finite, in range, attributes in the
/// order of their stages and each once.
void write_object(WireWriter& writer, const Object& object);
[[nodiscard]] Object read_object(WireReader& reader);

}  // namespace bulkhead::ipc
