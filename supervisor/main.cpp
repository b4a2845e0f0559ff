// bulkhead-supervisor: one process for all cameras. See README.md here for what it promises.

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "supervisor/config.hpp"
#include "supervisor/program_exit.hpp"
#include "supervisor/supervisor.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDescription =
    "Runs one isolated worker process for each camera, restarts what fails, and serves detections "
    "over WebSocket and HTTP on one port.";

constexpr const char* kFooter =
    "When it is ready it prints one line on standard output:\n"
    "  bulkhead-supervisor ready on http://127.0.0.1:8001 (ws://127.0.0.1:8001/ws)\n"
    "\n"
    "SIGTERM or SIGINT stops it in order; a second one ends it at once.\n"
    "\n"
    "Exit codes:\n"
    "   0  stopped in order\n"
    "  64  the command line is wrong\n"
    "  69  the port is taken or may not be opened\n"
    "  70  an internal failure, or a stop that took too long\n"
    "  72  bulkhead-worker is not beside this program\n"
    "  73  the state directory cannot be made or written\n"
    "  75  another supervisor uses the state directory\n"
    "  78  the configuration cannot be read or is refused";

struct Options {
  std::string config_file;
  std::string state_dir;
  std::vector<std::string> overrides;
  int port = -1;  // -1: not given
  bool check_config = false;
  int inherit = -1;  // -1: nothing to go on with
  bool dry_run = false;
};

void declare(CLI::App& app, Options& options) {
  app.name("bulkhead-supervisor");
  app.footer(kFooter);
  app.set_version_flag("--version", "bulkhead-supervisor " BULKHEAD_VERSION);
  app.add_option("--config", options.config_file, "Configuration file, JSON with comments");
  app.add_option("--port", options.port, "Port of WebSocket and HTTP; 0 picks a free one")
      ->check(CLI::Range(0, 65535));
  app.add_option("--state-dir", options.state_dir,
                 "Logs, registry and caches; default $XDG_STATE_HOME/bulkhead or "
                 "~/.local/state/bulkhead");
  app.add_option("--set", options.overrides, "One setting, path.to.key=value (repeatable)")
      ->allow_extra_args(false);
  app.add_flag("--check-config", options.check_config,
               "Print the configuration in effect and exit");
  // What a supervisor gives the program that replaces it; of no use to people.
  constexpr const char* kHidden = "";
  app.add_option(kInheritOption, options.inherit)->group(kHidden);
  app.add_flag(kDryRunOption, options.dry_run)->group(kHidden);
}

/// Options of their own win over --set, and that over the file.
std::vector<std::string> overrides_of(const Options& options) {
  std::vector<std::string> overrides = options.overrides;
  if (options.port >= 0) overrides.push_back("listen.port=" + std::to_string(options.port));
  if (!options.state_dir.empty()) {
    // Relative to the shell's folder, as everywhere on a command line; --set follows the file's.
    const nlohmann::json absolute = fs::absolute(options.state_dir).string();
    overrides.push_back("state_dir=" + absolute.dump());
  }
  return overrides;
}

/// Each session takes a handful of descriptors and each client one; the usual soft limit of 1024
/// would end that early. The hard limit is the operator's.
void raise_descriptor_limit() {
  constexpr rlim_t kEnough = 16 * 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int fail(int exit_code, const std::string& message) {
  std::cerr << "bulkhead-supervisor: " << message << '\n';
  return exit_code;
}

/// The arguments of an operator, for an upgrade to give again.
NextProgram next_program(int argc, char** argv, const Options& options) {
  const int own = options.inherit < 0 ? 0 : 2;  // at the end: the option and its descriptor
  // As it was named, so that a link which is turned to another build counts; where the name is none
  // of this file, what the kernel says.
  const fs::path own_file = fs::read_symlink("/proc/self/exe");
  std::error_code unknown;
  const bool is_named = std::string_view{argv[0]}.find('/') != std::string_view::npos &&
                        fs::equivalent(argv[0], own_file, unknown);
  return {.path = is_named ? fs::absolute(argv[0]) : own_file,
          .arguments = {argv + 1, argv + argc - own}};
}

/// Whether this program can go on from what is left to it.
int dry_run(const Config& config, const std::string& worker_executable, int descriptor) {
  const auto inheritance = read_inheritance(descriptor);
  if (!inheritance) return fail(kExitInternal, inheritance.error().message);
  const auto possible = Supervisor::check(config, worker_executable);
  if (!possible) return fail(possible.error().exit, possible.error().message);
  if (inheritance->fixed != fixed_settings(config)) {
    return fail(kExitConfig,
                "listen and state_dir cannot change by an upgrade; restart the supervisor instead");
  }
  std::cout << BULKHEAD_VERSION << '\n';
  return kExitStopped;
}

int run(const Options& options, const NextProgram& next) {
  auto config = Config::load(options.config_file, overrides_of(options));
  if (!config) {
    const std::string file = options.config_file.empty() ? "" : options.config_file + ": ";
    return fail(kExitConfig, "configuration: " + file + config.error().message);
  }
  if (options.check_config) {
    std::cout << config->to_json().dump(2) << '\n';
    return kExitStopped;
  }
  ::umask(0027);
  raise_descriptor_limit();
  const std::string worker_executable =
      fs::read_symlink("/proc/self/exe").parent_path() / "bulkhead-worker";
  if (options.dry_run) return dry_run(*config, worker_executable, options.inherit);
  block_stop_signals();  // in threads that are started from here on, for good
  std::optional<Inheritance> inheritance;
  if (options.inherit >= 0) {
    close_all_on_exec();
    auto read = read_inheritance(options.inherit);
    if (!read) return fail(kExitInternal, read.error().message);
    inheritance = std::move(*read);
    ::close(options.inherit);
  }
  auto supervisor = Supervisor::create(std::move(*config), worker_executable, next, inheritance);
  if (!supervisor) return fail(supervisor.error().exit, supervisor.error().message);
  unblock_stop_signals();

  const std::string http_url = (*supervisor)->http_url();
  std::cout << "bulkhead-supervisor ready on " << http_url << " (ws" << http_url.substr(4) << "/ws)"
            << std::endl;
  return (*supervisor)->run() ? kExitStopped : kExitInternal;
}

int run_program(int argc, char** argv) {
  CLI::App app{kDescription};
  Options options;
  try {
    declare(app, options);
    app.parse(argc, argv);
    return run(options, next_program(argc, argv, options));
  } catch (const CLI::ParseError& error) {
    // Help and version are no errors; everything else is the caller's command line.
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  } catch (const std::exception& error) {
    return fail(kExitInternal, std::string{"internal: "} + error.what());
  }
}

}  // namespace
}  // namespace bulkhead::supervisor

int main(int argc, char** argv) { return bulkhead::supervisor::run_program(argc, argv); }
