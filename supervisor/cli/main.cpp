// bulkhead: the operator's command line. A WebSocket client like any other; see README.md here.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "supervisor/cli/commands/command.hpp"

namespace {

using bulkhead::cli::Command;
using bulkhead::cli::Context;
using bulkhead::cli::Endpoint;
using bulkhead::cli::Exit;
using bulkhead::cli::Failure;
using bulkhead::cli::Outcome;

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
  std::string token_file;
  bulkhead::cli::TlsFiles tls;
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
  app.add_option("--token-file", options.token_file,
                 "File whose first line is a token; - for standard input");
  app.add_option(
      "--ca-file", options.tls.ca,
      "PEM file of who vouches for a wss:// supervisor, instead of whom the system trusts");
  auto* certificate = app.add_option("--cert-file", options.tls.certificate,
                                     "PEM file of our certificate, where wss:// asks for one");
  auto* key = app.add_option("--key-file", options.tls.key, "PEM file of its key");
  certificate->needs(key);
  key->needs(certificate);
  app.add_flag("--json", options.json, "Print what the supervisor answered, for scripts");
  app.add_option("--timeout", options.timeout_s,
                 "Seconds to wait: for an answer 10, for a camera to be live 90")
      ->check(CLI::Range(1L, 86400L));
  bulkhead::cli::declare_add(app, chosen);
  bulkhead::cli::declare_apply(app, chosen);
  bulkhead::cli::declare_rm(app, chosen);
  bulkhead::cli::declare_ls(app, chosen);
  bulkhead::cli::declare_get(app, chosen);
  bulkhead::cli::declare_reconfigure(app, chosen);
  bulkhead::cli::declare_context(app, chosen);
  bulkhead::cli::declare_progress(app, chosen);
  bulkhead::cli::declare_restart(app, chosen);
  bulkhead::cli::declare_watch(app, chosen);
  bulkhead::cli::declare_snapshot(app, chosen);
  bulkhead::cli::declare_logs(app, chosen);
  bulkhead::cli::declare_history(app, chosen);
  bulkhead::cli::declare_bundle(app, chosen);
  bulkhead::cli::declare_canary(app, chosen);
  bulkhead::cli::declare_model(app, chosen);
  bulkhead::cli::declare_state(app, chosen);
  bulkhead::cli::declare_token(app, chosen);
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

/// From a file, so that it stands neither in the process list nor in the environment.
Outcome<std::string> read_token(const std::string& file) {
  const std::string path = file == "-" ? "/dev/stdin" : file;
  auto text = bulkhead::read_text_file(path, bulkhead::limits::kCredentialHeaderBytes);
  if (!text) return Failure{Exit::Refused, "--token-file: " + text.error().message};
  std::string token = text->substr(0, text->find_first_of("\r\n"));
  const bool is_word = !token.empty() && std::all_of(token.begin(), token.end(),
                                                     [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_word) return Failure{Exit::Refused, "--token-file: " + file + " holds no token"};
  return token;
}

int run(const GlobalOptions& options, const Command& command) {
  auto endpoint = Endpoint::parse(options.url);
  if (!endpoint) return end_with(endpoint.error());
  if (!options.token_file.empty()) {
    auto token = read_token(options.token_file);
    if (!token) return end_with(token.error());
    endpoint->token = std::move(*token);
  }
  if (!endpoint->is_tls && options.tls != bulkhead::cli::TlsFiles{}) {
    return end_with({Exit::Usage, "--ca-file, --cert-file and --key-file are for a wss:// --url"});
  }
  endpoint->tls = options.tls;
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
