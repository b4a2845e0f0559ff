#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/event_text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct WatchOptions {
  std::vector<std::string> ids;
  std::vector<std::string> labels;
  double min_confidence = 0;
  std::uint64_t count = 0;  // 0: for ever
  bool states = false;
  bool empty = false;
};

json filter_of(const WatchOptions& options) {
  json filter{{"emptyFrames", options.empty}};
  if (!options.ids.empty()) filter["sessions"] = options.ids;
  if (!options.labels.empty()) filter["labels"] = options.labels;
  if (options.min_confidence > 0) filter["minConfidence"] = options.min_confidence;
  if (options.states) filter["kinds"] = {"session.state", "system.alert"};
  return filter;
}

Outcome<> watch(const Context& context, const WatchOptions& options) {
  auto client = context.connect();
  if (!client) return client.error();
  const auto stream =
      client->call("stream.open", {{"filter", filter_of(options)}}, context.call_time());
  if (!stream) return stream.error();

  for (std::uint64_t printed = 0; options.count == 0 || printed < options.count;) {
    const auto notification = client->next_notification();
    if (!notification) return notification.error();
    if (context.json) {
      print_line(*notification);
      ++printed;
      continue;
    }
    const std::string line = event_line(*notification, context.colours);
    if (line.empty()) continue;
    std::cout << line << std::endl;
    ++printed;
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_watch(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* verb =
      app.add_subcommand("watch", "Print detections, changes of state and alerts as they come");
  verb->add_option("ids", options->ids, "Only these cameras");
  verb->add_option("--label", options->labels,
                   "Only objects of this class, e.g. person (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--min-confidence", options->min_confidence, "Only objects at least so sure")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--count", options->count, "End after so many lines");
  verb->add_flag("--states", options->states, "Only changes of state and alerts");
  verb->add_flag("--empty", options->empty, "Also frames in which nothing was seen");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return watch(context, *options); };
  });
}

}  // namespace bulkhead::cli
