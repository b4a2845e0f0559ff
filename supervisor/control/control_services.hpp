#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "supervisor/access/authenticator.hpp"
#include "supervisor/control/connection_sessions.hpp"
#include "supervisor/control/control_limits.hpp"
#include "supervisor/control/method_table.hpp"
#include "supervisor/history/history_folder.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/log/log_folder.hpp"
#include "supervisor/metrics/figures.hpp"
#include "supervisor/session/registry.hpp"
#include "supervisor/session/session_table.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

struct Config;
class BundleStore;
class ModelStore;

/// What an upgrade will do, once the next program has shown that it can.
struct UpgradeAccepted {
  std::string version;      // of the next program
  std::size_t workers = 0;  // that go on
};

/// What the program itself does for its clients.
struct ProgramServices {
  std::uint32_t upgrades_total = 0;  // since this process started
  /// Answers once it is known whether the next program understands what it will get; then all
  /// connections are closed. Null: this program cannot be replaced.
  std::function<void(std::function<void(Result<UpgradeAccepted>)>)> upgrade;
  ModelStore* models = nullptr;                // null: there are none
  BundleStore* bundles = nullptr;              // likewise
  TokenStore* tokens = nullptr;                // null: there are none, and none can be made
  std::shared_ptr<spdlog::logger> audit = {};  // who changed what; null: nobody writes it down
};

/// What the methods work on. References to what the supervisor owns; lives as long as the server.
struct ControlServices {
  const Config& config;
  SessionTable& sessions;
  Registry* registry;  // null: persistent sessions end with the supervisor
  Hub& hub;
  ConnectionSessions& connection_sessions;
  std::shared_ptr<LogFolder> logs;
  std::shared_ptr<HistoryFolder> history;
  const ControlLimits& limits;
  Authenticator& authenticator;
  std::function<SupervisorFigures()> figures;
  ProgramServices program;
};

// One file per family in methods/; the names and params are in config/openrpc.json.
void add_access_methods(MethodTable& table, const ControlServices& services);
void add_session_methods(MethodTable& table, const ControlServices& services);
void add_list_methods(MethodTable& table, const ControlServices& services);
void add_bundle_methods(MethodTable& table, const ControlServices& services);
void add_history_methods(MethodTable& table, const ControlServices& services);
void add_canary_methods(MethodTable& table, const ControlServices& services);
void add_model_methods(MethodTable& table, const ControlServices& services);
void add_log_methods(MethodTable& table, const ControlServices& services);
void add_stream_methods(MethodTable& table, const ControlServices& services);
void add_system_methods(MethodTable& table, const ControlServices& services);

}  // namespace bulkhead::supervisor
