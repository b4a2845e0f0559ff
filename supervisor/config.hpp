#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/address_policy.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/sink_spec.hpp"
#include "supervisor/session/session_limits.hpp"
#include "supervisor/transport/tls_files.hpp"

namespace bulkhead::supervisor {

/// The supervisor's configuration (DESIGN §7): JSON with comments, unknown keys refused with the
/// nearest known name, `${ENV}` in strings replaced. Parsed once at start into this value, which
/// nobody changes afterwards. config/bulkhead.json shows every key, config/bulkhead.schema.json
/// describes them; a test holds both against this struct.
struct Config {
  struct Listen {
    std::string host = "127.0.0.1";  // beyond loopback only with TLS
    std::uint16_t port = 8001;       // 0: a free one, named by the ready line
    TlsFiles tls;                    // absolute after load, or empty
  } listen;

  struct SessionProcesses {
    std::uint32_t max_concurrent_sessions = 20;
    std::uint32_t process_cleanup_timeout = 30;  // seconds
    std::uint32_t health_check_interval = 10;    // seconds
    std::uint32_t warm_spares = 1;               // started workers that wait for a session
    std::string worker_user;                     // empty: that of the supervisor
    struct LogRotation {
      std::uint32_t max_size_mb = 100;
      std::uint32_t backup_count = 5;
    } log_rotation;
    struct Recycling {
      std::uint32_t max_age_hours = 0;           // 0: never for its age
      std::uint32_t max_growth_mb_per_hour = 0;  // 0: never for its growth
    } recycling;
  } session_processes;

  struct ResourceLimits {
    std::uint32_t memory_per_process_mb = 2048;
    double gpu_memory_fraction = 0.3;
  } resource_limits;

  struct Sources {
    bool allow_file_urls = true;  // file:// clips of this machine
    // Blocks of addresses that no camera may have, and those that it may have all the same.
    std::vector<AddressBlock> deny = default_denied_blocks();
    std::vector<AddressBlock> allow;
  } sources;

  /// All result streams of all clients.
  struct Streams {
    std::uint32_t memory_mb = 64;      // what they may hold together
    std::int32_t flush_pause_ms = -1;  // between two writes to one client; -1: follows the load
    bool adaptive_capacity = true;     // of a stream's outbox: follows how fast its client reads
  } streams;

  struct Access {
    std::string loopback = "open";     // "token": who comes from this machine needs one, too
    std::vector<std::string> origins;  // of pages that may use the control channel besides our own
  } access;

  struct Models {
    std::filesystem::path ca_file;  // absolute after load; empty: whom the system trusts
  } models;

  ConnectionRates connection_rate;

  std::vector<SinkSpec> sinks = default_sinks();  // where each session's results are kept

  // Absolute after load.
  std::filesystem::path state_dir;
  std::filesystem::path pipelines_dir;  // where pipeline names are looked up
  std::filesystem::path models_dir;     // where fetched models lie
  std::filesystem::path model_catalog;  // the file config/models.json
  std::string default_pipeline = "default";
  std::string log_level = "info";

  /// `file` may be empty: defaults. `overrides` are `path.to.key=value` of the command line,
  /// applied last; a value is parsed as JSON, or taken as a string where it is none. Relative paths
  /// are taken from the folder of `file`, or from the working directory where there is none.
  /// InvalidParams (names the key), NotFound or Io (the file itself).
  static Result<Config> load(const std::filesystem::path& file,
                             const std::vector<std::string>& overrides);

  /// Others than this machine can connect.
  [[nodiscard]] bool is_reachable() const;

  /// The configuration in effect, every key included, in the form `load` reads; but without the
  /// passwords of sinks.
  [[nodiscard]] nlohmann::json to_json() const;

  /// The named pipeline of `pipelines_dir`, read anew at each call so that edits count at the next
  /// subscribe. NotFound names the known ones.
  [[nodiscard]] Result<PipelineSpec> pipeline(const std::string& name) const;
};

}  // namespace bulkhead::supervisor
