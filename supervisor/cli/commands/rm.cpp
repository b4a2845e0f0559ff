#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"

namespace bulkhead::cli {

namespace {

/// Every name is tried; the first failure is the outcome.
Outcome<> rm(const Context& context, const std::vector<std::string>& ids) {
  auto client = context.connect();
  if (!client) return client.error();
  Outcome<> outcome{boost::system::in_place_value};
  for (const std::string& id : ids) {
    const auto result =
        client->call("session.unsubscribe", {{"subscriptionIdentifier", id}}, context.call_time());
    if (!result) {
      if (result.error().exit != Exit::Refused) return result.error();
      if (outcome) outcome = result.error();
    } else if (context.json) {
      print_line(*result);
    } else {
      std::cout << id << " removed\n";
    }
  }
  return outcome;
}

}  // namespace

void declare_rm(CLI::App& app, Command& chosen) {
  auto ids = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app.add_subcommand("rm", "Stop cameras and forget them");
  verb->add_option("ids", *ids, "Names of cameras")->required();
  verb->callback(
      [&chosen, ids] { chosen = [ids](const Context& context) { return rm(context, *ids); }; });
}

}  // namespace bulkhead::cli
