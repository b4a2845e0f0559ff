#pragma once

#include <cstdint>
#include <optional>

#include "ipc/status_page.hpp"
#include "supervisor/session/progress_watchdog.hpp"
#include "supervisor/session/session_view.hpp"

namespace bulkhead::supervisor {

/// The stage a worker is in; nothing for a number that no worker of ours writes.
[[nodiscard]] std::optional<ipc::Stage> read_stage(const ipc::StatusPage& page) noexcept;

/// What the watchdog looks at; `greeted` and `has_camera` are the supervisor's to fill in.
[[nodiscard]] WorkerProgress read_progress(const ipc::StatusPage& page, ipc::Stage stage) noexcept;

/// Copies the worker's own figures over those of `counters`; the supervisor's stay.
void read_counters(const ipc::StatusPage& page, std::int64_t now_ns, SessionCounters& counters);

}  // namespace bulkhead::supervisor
