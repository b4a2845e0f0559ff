#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAgain{20};

/// The state of the next program: the first that counts one upgrade more.
Outcome<json> state_after(const Context& context, std::int64_t upgrades) {
  const auto deadline = Clock::now() + context.call_time();
  while (true) {
    auto state = context.call("system.state", json::object());
    if (state && count_of(*state, "upgrades") > upgrades) return state;
    if (Clock::now() >= deadline) {
      if (!state) return state;
      return Failure{Exit::Timeout, "the supervisor goes on as it was; its log says why"};
    }
    // It says nothing while it is replaced: there is no event to wait for.
    std::this_thread::sleep_for(kLookAgain);
  }
}

/// Answered once the next program has looked at everything, which has a limit of its own. The
/// connection ends here, so that the supervisor does not wait for this client to go.
Outcome<json> ask(const Context& context) {
  auto client = context.connect();
  if (!client) return client.error();
  return client->call("system.upgrade", json::object(), context.wait_time());
}

Outcome<> upgrade(const Context& context) {
  const auto before = context.call("system.state", json::object());
  if (!before) return before.error();
  const auto begun = Clock::now();
  const auto accepted = ask(context);
  if (!accepted) return accepted.error();
  const auto after = state_after(context, count_of(*before, "upgrades"));
  if (!after) return after.error();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  const std::string from = text_of(*before, "version");
  const std::string version = text_of(*after, "version");
  const auto workers = count_of(*accepted, "workers");
  if (context.json) {
    print_answer(
        {{"from", from}, {"version", version}, {"workers", workers}, {"tookMs", took.count()}});
  } else {
    std::cout << "upgraded " << from << " -> " << version << " in " << took.count() << " ms, "
              << workers << (workers == 1 ? " worker goes on\n" : " workers go on\n");
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_upgrade(CLI::App& app, Command& chosen) {
  CLI::App* verb = app.add_subcommand(
      "upgrade", "Let the supervisor become the program installed in its place; cameras go on");
  verb->callback([&chosen] { chosen = [](const Context& context) { return upgrade(context); }; });
}

}  // namespace bulkhead::cli
