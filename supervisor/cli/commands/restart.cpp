#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

struct RestartOptions {
  std::string id;
  std::string mode = "auto";
};

Outcome<> restart(const Context& context, const RestartOptions& options) {
  auto client = context.connect();
  if (!client) return client.error();
  // Answered once the new worker is live, which takes the camera's time.
  const auto result = client->call("session.restart",
                                   {{"subscriptionIdentifier", options.id}, {"mode", options.mode}},
                                   context.wait_time());
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << restart_line(options.id, *result);
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_restart(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RestartOptions>();
  CLI::App* verb =
      app.add_subcommand("restart", "Give a camera a new worker; returns when it is live again");
  verb->add_option("id", options->id, "The camera's name")->required();
  verb->add_option(
          "--mode", options->mode,
          "auto; overlap: the old worker leaves when the new one is live; replace: the old "
          "one leaves first")
      ->check(CLI::IsMember({"auto", "overlap", "replace"}))
      ->capture_default_str();
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return restart(context, *options); };
  });
}

}  // namespace bulkhead::cli
