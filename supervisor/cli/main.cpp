// bulkhead: the operator's command line. A WebSocket client like any other; see README.md here.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "supervisor/cli/commands/command.hpp"

namespace {

using bulkhead::cli::Command;
using bulkhead::cli::Context;
using bulkhead::cli::Endpoint;
using bulkhead::cli::Exit;
using bulkhead::cli::Failure;

constexpr const char* kDescription =
    "Commands a running bulkhead-supervisor: add cameras, see how they do, watch what they see.";

constexpr const char* kFooter =
    "Examples:\n"
    "  bulkhead add gate rtsp://192.0.2.7/stream1 --user viewer --password-file gate.pw --wait\n"
    "  bulkhead ls\n"
    "  bulkhead watch gate --label person --min-confidence 0.5\n"
    "  bulkhead --json get gate\n"
    "\n"
    "Exit codes:\n"
    "  0  done\n"
    "  1  the supervisor answered with an error, or a file here cannot be used\n"
    "  2  the command line is wrong\n"
    "  3  no supervisor answers at the address, or it went away\n"
    "  4  it did not answer, or a camera did not get live, in time";

struct GlobalOptions {
  std::string url = "ws://127.0.0.1:8001/ws";
  bool json = false;
  long timeout_s = 0;
};

void declare(CLI::App& app, GlobalOptions& options, Command& chosen) {
  app.name("bulkhead");
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand behind the verb
  app.set_version_flag("--version", "bulkhead " BULKHEAD_VERSION);
  app.add_option("--url", options.url, "Where the supervisor listens")
      ->envname("BULKHEAD_URL")
      ->capture_default_str();
  app.add_flag("--json", options.json, "Print what the supervisor answered, for scripts");
  app.add_option("--timeout", options.timeout_s,
                 "Seconds to wait: for an answer 10, for a camera to be live 90")
      ->check(CLI::Range(1L, 86400L));
  bulkhead::cli::declare_add(app, chosen);
  bulkhead::cli::declare_rm(app, chosen);
  bulkhead::cli::declare_ls(app, chosen);
  bulkhead::cli::declare_get(app, chosen);
  bulkhead::cli::declare_reconfigure(app, chosen);
  bulkhead::cli::declare_restart(app, chosen);
  bulkhead::cli::declare_watch(app, chosen);
  bulkhead::cli::declare_snapshot(app, chosen);
  bulkhead::cli::declare_logs(app, chosen);
  bulkhead::cli::declare_bundle(app, chosen);
  bulkhead::cli::declare_state(app, chosen);
  bulkhead::cli::declare_upgrade(app, chosen);
  app.footer(kFooter);  // last, for verbs declared after it would inherit it
}

int end_with(const Failure& failure) {
  std::cout.flush();
  std::cerr << "bulkhead: " << failure.message << '\n';
  return static_cast<int>(failure.exit);
}

bool wants_colours() {
  // Read once, before any thread. NO_COLOR: no-color.org.
  const char* refused = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

int run(const GlobalOptions& options, const Command& command) {
  auto endpoint = Endpoint::parse(options.url);
  if (!endpoint) return end_with(endpoint.error());
  Context context{.endpoint = std::move(*endpoint),
                  .json = options.json,
                  .colours = wants_colours(),
                  .timeout = std::nullopt};
  if (options.timeout_s > 0) context.timeout = std::chrono::seconds{options.timeout_s};
  const auto outcome = command(context);
  return outcome ? static_cast<int>(Exit::Ok) : end_with(outcome.error());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kDescription};
  GlobalOptions options;
  Command chosen;
  try {
    declare(app, options, chosen);
    app.parse(argc, argv);
    return run(options, chosen);
  } catch (const CLI::ParseError& error) {
    // Help and version are no errors; everything else is the caller's command line.
    return app.exit(error) == 0 ? static_cast<int>(Exit::Ok) : static_cast<int>(Exit::Usage);
  } catch (const std::exception& error) {
    return end_with({Exit::Refused, std::string{"unexpected: "} + error.what()});
  }
}
