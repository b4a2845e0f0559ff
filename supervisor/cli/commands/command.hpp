#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "supervisor/cli/endpoint.hpp"
#include "supervisor/cli/outcome.hpp"
#include "supervisor/cli/rpc_client.hpp"

namespace CLI {
class App;
}

namespace bulkhead::cli {

/// What every verb is given: where the supervisor is, how to print, how long to wait.
struct Context {
  Endpoint endpoint;
  bool json = false;                            // --json: the supervisor's own words
  bool colours = false;                         // the output is a terminal
  std::optional<std::chrono::seconds> timeout;  // --timeout

  [[nodiscard]] Outcome<RpcClient> connect() const;

  /// One call on a connection of its own.
  Outcome<nlohmann::json> call(const std::string& method, const nlohmann::json& params) const;

  [[nodiscard]] std::chrono::seconds call_time() const;  // for an answer
  [[nodiscard]] std::chrono::seconds wait_time() const;  // for something to happen to a camera
};

/// Runs the verb that was chosen.
using Command = std::function<Outcome<>(const Context&)>;

// Each declares its verb with its options, and sets `chosen` when the command line names it.
void declare_add(CLI::App& app, Command& chosen);
void declare_apply(CLI::App& app, Command& chosen);
void declare_rm(CLI::App& app, Command& chosen);
void declare_ls(CLI::App& app, Command& chosen);
void declare_get(CLI::App& app, Command& chosen);
void declare_history(CLI::App& app, Command& chosen);
void declare_reconfigure(CLI::App& app, Command& chosen);
void declare_context(CLI::App& app, Command& chosen);
void declare_progress(CLI::App& app, Command& chosen);
void declare_restart(CLI::App& app, Command& chosen);
void declare_watch(CLI::App& app, Command& chosen);
void declare_snapshot(CLI::App& app, Command& chosen);
void declare_logs(CLI::App& app, Command& chosen);
void declare_bundle(CLI::App& app, Command& chosen);
void declare_canary(CLI::App& app, Command& chosen);
void declare_model(CLI::App& app, Command& chosen);
void declare_state(CLI::App& app, Command& chosen);
void declare_token(CLI::App& app, Command& chosen);
void declare_upgrade(CLI::App& app, Command& chosen);

/// Prints JSON: indented where it is one answer, on one line where it is one of many.
void print_answer(const nlohmann::json& json);
void print_line(const nlohmann::json& json);

/// Milliseconds of the wall clock, for ages.
[[nodiscard]] std::int64_t wall_ms();

}  // namespace bulkhead::cli
