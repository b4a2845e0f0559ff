#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

Outcome<> state(const Context& context) {
  const auto result = context.call("system.state", nlohmann::json::object());
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << system_text(*result);
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_state(CLI::App& app, Command& chosen) {
  CLI::App* verb = app.add_subcommand("state", "The supervisor itself: version, totals, limits");
  verb->callback([&chosen] { chosen = state; });
}

}  // namespace bulkhead::cli
