#pragma once

#include <string_view>

#include "common/session_spec.hpp"

namespace bulkhead::supervisor {

/// What other parameters ask of a session's worker.
enum class Reconfiguration {
  Hot,      // it goes on, and is told
  Overlap,  // another one beside it: it still watches the camera that is asked for
  Replace,  // another one after it: nobody shall go on seeing a camera that is no longer asked for
};

[[nodiscard]] std::string_view name_of(Reconfiguration how) noexcept;  // "hot"

/// Pure. Equal specs are Hot.
[[nodiscard]] Reconfiguration reconfiguration(const SessionSpec& from, const SessionSpec& to);

}  // namespace bulkhead::supervisor
