#pragma once

#include <string_view>

#include "common/detection.hpp"
#include "common/result.hpp"
#include "common/session_spec.hpp"
#include "ipc/command.hpp"

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

/// What a worker is told of a session that differs in nothing that it would have to load. Its
/// pipeline is resolved.
[[nodiscard]] ipc::Reconfigure tuning_of(const SessionSpec& spec);

/// InvalidParams where the model has no such class, of the pipeline or of a zone.
[[nodiscard]] Result<> check_classes(const SessionSpec& spec, const ModelCard& card);

}  // namespace bulkhead::supervisor
