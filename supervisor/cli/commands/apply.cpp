#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct ApplyOptions {
  std::string file;
  bool all_or_nothing = false;
  bool keep_others = false;
};

/// The parameters of session.setSubscriptionList as they stand in a file.
Outcome<json> read_registrations(const std::string& file) {
  const auto text = read_text_file(file == "-" ? "/dev/stdin" : file, limits::kJsonBytes);
  if (!text) return Failure{Exit::Refused, text.error().message};
  auto list = parse_json(*text, JsonComments::Allowed);
  if (!list) return Failure{Exit::Refused, file + ": " + list.error().message};
  if (!list->is_object() || !list->contains("sessions")) {
    return Failure{Exit::Refused,
                   file + R"(: is no list of cameras; it reads {"sessions": [{…}, …]})"};
  }
  return {boost::system::in_place_value, std::move(*list)};
}

Outcome<> apply(const Context& context, const ApplyOptions& options) {
  auto list = read_registrations(options.file);
  if (!list) return list.error();
  if (options.all_or_nothing) (*list)["allOrNothing"] = true;
  if (options.keep_others) (*list)["removeOthers"] = false;
  const auto result = context.call("session.setSubscriptionList", *list);
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << applied_text(*result, context.colours);
  }
  const std::size_t refused = refused_entries(*result);
  if (refused == 0) return boost::system::in_place_value;
  return Failure{Exit::Refused, std::to_string(refused) + " of the list refused" +
                                    (flag_of(*result, "applied") ? "" : "; nothing was changed")};
}

}  // namespace

void declare_apply(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* verb = app.add_subcommand(
      "apply", "Make the cameras those of a file: adds, changes and removes; says what it did");
  verb->add_option("file", options->file,
                   R"({"sessions": [{"subscriptionIdentifier", "rtspUrl", …}, …]}; - for standard )"
                   "input")
      ->required();
  verb->add_flag("--all-or-nothing", options->all_or_nothing,
                 "Change nothing where one of them is refused");
  verb->add_flag("--keep-others", options->keep_others, "Remove none that the file does not name");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return apply(context, *options); };
  });
}

}  // namespace bulkhead::cli
