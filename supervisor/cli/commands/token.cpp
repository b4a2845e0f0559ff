#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

constexpr std::int64_t kDayS = 86400;
constexpr int kMostDays = 3660;

struct AddTokenOptions {
  std::string name;
  std::string role = "viewer";
  std::vector<std::string> scope;
  std::optional<int> days;
};

/// The token alone goes to standard output, so that it can be led into a file that only its owner
/// reads.
Outcome<> add(const Context& context, const AddTokenOptions& options) {
  json params{{"name", options.name}, {"role", options.role}};
  if (!options.scope.empty()) params["scope"] = options.scope;
  if (options.days) params["expiresInS"] = *options.days * kDayS;
  const auto made = context.call("token.add", params);
  if (!made) return made.error();
  if (context.json) {
    print_answer(*made);
  } else {
    std::cout << text_of(*made, "token") << '\n';
    std::cerr << "bulkhead: this is shown once; keep it in a file that only its user can read\n";
  }
  return boost::system::in_place_value;
}

std::string scope_text(const json& token) {
  std::string text;
  for (const json& pattern : member_of(token, "scope")) {
    if (!pattern.is_string()) continue;
    text += (text.empty() ? "" : " ") + pattern.get<std::string>();
  }
  return text.empty() ? "all" : text;
}

Outcome<> list(const Context& context) {
  const auto result = context.call("token.list", json::object());
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
    return boost::system::in_place_value;
  }
  Table table;
  table.add({{"NAME"}, {"ROLE"}, {"CREATED"}, {"EXPIRES"}, {"SESSIONS"}});
  for (const json& token : member_of(*result, "tokens")) {
    const std::string expires = text_of(token, "expiresAt");
    table.add({{text_of(token, "name")},
               {text_of(token, "role")},
               {text_of(token, "createdAt")},
               {expires.empty() ? "never" : expires},
               {scope_text(token)}});
  }
  std::cout << table.text(context.colours);
  return boost::system::in_place_value;
}

Outcome<> revoke(const Context& context, const std::string& name) {
  const auto result = context.call("token.revoke", {{"name", name}});
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << name << " revoked\n";
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_token(CLI::App& app, Command& chosen) {
  CLI::App* token =
      app.add_subcommand("token", "Who else may use the supervisor: add, list, revoke");
  token->require_subcommand(1);
  auto options = std::make_shared<AddTokenOptions>();
  CLI::App* add_verb = token->add_subcommand("add", "Make a token; it is shown once");
  add_verb->add_option("name", options->name, "Whose it is: letters, digits and . _ -")->required();
  add_verb->add_option("--role", options->role, "What it may: viewer, operator or admin")
      ->check(CLI::IsMember({"viewer", "operator", "admin"}))
      ->capture_default_str();
  add_verb
      ->add_option("--scope", options->scope,
                   "Cameras it may see: a name, or a prefix such as \"hall-*\" (repeatable)")
      ->allow_extra_args(false);
  add_verb->add_option("--days", options->days, "Until it expires; left out: never")
      ->check(CLI::Range(1, kMostDays));
  add_verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return add(context, *options); };
  });
  token->add_subcommand("list", "All tokens, without themselves")->callback([&chosen] {
    chosen = list;
  });
  auto name = std::make_shared<std::string>();
  CLI::App* revoke_verb = token->add_subcommand("revoke", "End a token and its connections");
  revoke_verb->add_option("name", *name, "Its name")->required();
  revoke_verb->callback([&chosen, name] {
    chosen = [name](const Context& context) { return revoke(context, *name); };
  });
}

}  // namespace bulkhead::cli
