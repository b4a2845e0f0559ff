#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

Outcome<> get(const Context& context, const std::string& id) {
  const auto result = context.call("session.get", {{"subscriptionIdentifier", id}});
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << session_details(*result, wall_ms(), context.colours);
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_get(CLI::App& app, Command& chosen) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("get", "Everything about one camera, its last exits included");
  verb->add_option("id", *id, "The camera's name")->required();
  verb->callback(
      [&chosen, id] { chosen = [id](const Context& context) { return get(context, *id); }; });
}

}  // namespace bulkhead::cli
