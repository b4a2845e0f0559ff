#pragma once

#include <string_view>

#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// As servers keep it: "detection", "event", "gap".
[[nodiscard]] constexpr std::string_view name_of(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::Detection:
      return "detection";
    case RecordKind::Event:
      return "event";
    case RecordKind::Gap:
      return "gap";
  }
  return "unknown";
}

}  // namespace bulkhead::worker
