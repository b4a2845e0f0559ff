#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "supervisor/session/session_limits.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// What every session needs to know of the machine it runs on.
struct SessionEnvironment {
  std::string worker_executable;
  std::string state_dir;      // absolute
  std::string log_dir;        // absolute
  std::string model_dir;      // absolute
  std::string model_catalog;  // absolute path of models.json
  std::size_t max_sessions = 20;
  std::uint64_t log_max_bytes = 0;
  std::uint32_t log_backup_count = 0;
  std::uint64_t memory_per_process_bytes = 0;
  std::shared_ptr<spdlog::logger> log;  // may be null: nothing is logged
  SessionLimits limits{};
};

}  // namespace bulkhead::supervisor
