#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/address_policy.hpp"
#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/sink_spec.hpp"
#include "supervisor/process/worker_cgroups.hpp"
#include "supervisor/session/recycling.hpp"
#include "supervisor/session/schedule.hpp"
#include "supervisor/session/session_limits.hpp"
#include "supervisor/session/worker_link.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

class ModelStore;
class WarmSpares;

/// What every session needs to know of the machine it runs on.
struct SessionEnvironment {
  WorkerLink::Program worker;
  std::string log_dir;                  // absolute
  std::string model_dir;                // absolute
  std::string model_catalog;            // absolute path of models.json
  AddressPolicy addresses{};            // that cameras may have
  std::vector<SinkSpec> sinks{};        // where results are kept; passwords not read yet
  std::filesystem::path history_dir{};  // with a folder for each session, which its worker makes
  std::filesystem::path spool_dir{};    // likewise
  std::size_t max_sessions = 20;
  std::uint64_t log_max_bytes = 0;
  std::uint32_t log_backup_count = 0;
  std::size_t warm_spares = 0;
  RecyclingRule recycling{};
  Generation last_generation =
      0;  // that a session which is no more, or one of an earlier supervisor, had
  std::shared_ptr<spdlog::logger> log;  // may be null: nothing is logged
  SessionLimits limits{};
  ConnectionRates connection_rates{};
  std::function<std::int64_t()> wall_clock = wall_ns;  // by which, with the offset, schedules are
  UtcOffset utc_offset = local_utc_offset;
  ModelStore* models = nullptr;  // null: no model comes by URL
  WarmSpares* spares = nullptr;  // of the table that the sessions are in

  [[nodiscard]] MemoryEnforcement memory_enforcement() const noexcept {
    const WorkerCgroups* cgroups = worker.limits.cgroups;
    return cgroups == nullptr ? MemoryEnforcement::RlimitPss : cgroups->enforcement();
  }
};

}  // namespace bulkhead::supervisor
