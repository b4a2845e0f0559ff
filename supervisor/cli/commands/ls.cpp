#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

Outcome<> ls(const Context& context) {
  const auto result = context.call("session.list", nlohmann::json::object());
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << sessions_table(*result, wall_ms(), context.colours);
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_ls(CLI::App& app, Command& chosen) {
  CLI::App* verb = app.add_subcommand("ls", "List all cameras: state, rate, worker, and why");
  verb->callback([&chosen] { chosen = ls; });
}

}  // namespace bulkhead::cli
