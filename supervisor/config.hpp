#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/pipeline_spec.hpp"
#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The supervisor's configuration (DESIGN §7): JSON with comments, unknown keys refused with the
/// nearest known name, `${ENV}` in strings replaced. Parsed once at start into this value.
struct Config {
  struct Listen {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8001;
  } listen;

  struct SessionProcesses {
    std::uint32_t max_concurrent_sessions = 20;
    std::uint32_t process_cleanup_timeout = 30;  // seconds
    std::uint32_t health_check_interval = 10;    // seconds
    struct LogRotation {
      std::uint32_t max_size_mb = 100;
      std::uint32_t backup_count = 5;
    } log_rotation;
  } session_processes;

  struct ResourceLimits {
    std::uint32_t memory_per_process_mb = 2048;
    double gpu_memory_fraction = 0.3;
  } resource_limits;

  struct Sources {
    bool allow_file_urls = true;  // file:// clips; only meaningful while loopback is the only door
  } sources;

  std::filesystem::path state_dir;      // absolute after load
  std::filesystem::path pipelines_dir;  // where pipeline names are looked up
  std::filesystem::path models_dir;
  std::filesystem::path model_catalog;
  std::string default_pipeline = "default";
  std::string log_level = "info";

  /// `file` may be empty: defaults. `overrides` are `path.to.key=value` of the command line,
  /// applied last; a value is parsed as JSON, or taken as a string where it is none.
  static Result<Config> load(const std::filesystem::path& file,
                             const std::vector<std::string>& overrides);

  /// The named pipeline of `pipelines_dir`. NotFound names the known ones.
  [[nodiscard]] Result<PipelineSpec> pipeline(const std::string& name) const;
};

}  // namespace bulkhead::supervisor
