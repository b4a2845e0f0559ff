#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/log_follower.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::size_t kMostLines = 100'000;

struct LogsOptions {
  std::string id;
  std::size_t lines = 20;
  bool follow = false;
};

Outcome<> logs(const Context& context, const LogsOptions& options) {
  const auto session = context.call("session.get", {{"subscriptionIdentifier", options.id}});
  if (!session) return session.error();
  const std::string file = text_of(*session, "logFile");
  auto follower = LogFollower::open(file);
  if (!follower) {
    return Failure{follower.error().exit, follower.error().message +
                                              "\n  Logs are read from this machine's files: run "
                                              "this where the supervisor runs, as its user."};
  }
  auto text = follower->last_lines(options.lines);
  while (true) {
    if (!text) return text.error();
    std::cout << *text << std::flush;
    if (!options.follow) return boost::system::in_place_value;
    text = follower->next(limits::kCliSilence);
  }
}

}  // namespace

void declare_logs(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* verb =
      app.add_subcommand("logs", "Print the end of a camera's log (as text, whatever --json says)");
  verb->add_option("id", options->id, "The camera's name")->required();
  verb->add_option("-n,--lines", options->lines, "How many lines")
      ->check(CLI::Range(std::size_t{0}, kMostLines))
      ->capture_default_str();
  verb->add_flag("-f,--follow", options->follow, "Go on with what is appended, across rotation");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return logs(context, *options); };
  });
}

}  // namespace bulkhead::cli
