#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct ContextOptions {
  std::string id;
  std::string text;  // the context or its stage; empty: as `clears` says
  bool clears = false;
};

Outcome<> call_and_print(const Context& context, const std::string& method, const json& params) {
  const auto result = context.call(method, params);
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << context_line(*result);
  }
  return boost::system::in_place_value;
}

Outcome<> set(const Context& context, const std::string& method, const char* key,
              const ContextOptions& options) {
  return call_and_print(context, method,
                        {{"subscriptionIdentifier", options.id},
                         {key, options.clears ? json(nullptr) : json(options.text)}});
}

Outcome<> show_or_set(const Context& context, const ContextOptions& options) {
  const bool shows = options.text.empty() && !options.clears;
  if (!shows) return set(context, "session.setContext", "context", options);
  return call_and_print(context, "session.get", {{"subscriptionIdentifier", options.id}});
}

}  // namespace

void declare_context(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ContextOptions>();
  CLI::App* verb =
      app.add_subcommand("context", "Say whose a camera's results are from now on, or show it");
  verb->add_option("id", options->id, "The camera's name")->required();
  auto* text = verb->add_option("context", options->text,
                                "An id from outside, as of a customer's session at a display");
  verb->add_flag("--clear", options->clears, "They are nobody's")->excludes(text);
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return show_or_set(context, *options); };
  });
}

void declare_progress(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ContextOptions>();
  CLI::App* verb = app.add_subcommand("progress", "Say how far the context of a camera has come");
  verb->add_option("id", options->id, "The camera's name")->required();
  auto* text = verb->add_option("stage", options->text, "What its results are told with");
  verb->add_flag("--clear", options->clears, "It is at no stage")->excludes(text);
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) {
      return set(context, "session.progress", "stage", *options);
    };
  });
}

}  // namespace bulkhead::cli
