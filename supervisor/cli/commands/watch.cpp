#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

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
  bool events = false;
  bool empty = false;
};

json filter_of(const WatchOptions& options) {
  json filter{{"emptyFrames", options.empty}};
  if (!options.ids.empty()) filter["sessions"] = options.ids;
  if (!options.labels.empty()) filter["labels"] = options.labels;
  if (options.min_confidence > 0) filter["minConfidence"] = options.min_confidence;
  if (options.states || options.events) {
    filter["kinds"] = json::array();
    if (options.states) filter["kinds"] = {"session.state", "system.alert"};
    if (options.events) filter["kinds"].push_back("event");
  }
  return filter;
}

/// The stream's last word, which says where to go on.
bool is_last_word(const json& notification) {
  return text_of(notification, "method") == "stream.status" &&
         text_of(member_of(notification, "params"), "to") == "CLOSED";
}

/// A watch that goes on tells nothing twice; where no last word said how, it goes on from now.
Outcome<> open_stream(const Context& context, const WatchOptions& options, RpcClient& client,
                      json resume_from) {
  json params{{"filter", filter_of(options)}};
  if (!resume_from.empty()) params["resumeFrom"] = std::move(resume_from);
  const auto stream = client.call("stream.open", params, context.call_time());
  if (!stream) return stream.error();
  return boost::system::in_place_value;
}

Outcome<RpcClient> connect(const Context& context, const WatchOptions& options, json resume_from) {
  auto client = context.connect();
  if (!client) return client;
  if (const auto open = open_stream(context, options, *client, std::move(resume_from)); !open) {
    return open.error();
  }
  return client;
}

Outcome<> watch(const Context& context, const WatchOptions& options) {
  json resume_from;
  auto client = connect(context, options, {});
  if (!client) return client.error();

  for (std::uint64_t printed = 0; options.count == 0 || printed < options.count;) {
    const auto notification = client->next_notification();
    if (!notification && client->may_return()) {
      client = connect(context, options, std::exchange(resume_from, {}));
      if (!client) return client.error();
      continue;
    }
    if (!notification) return notification.error();
    if (is_last_word(*notification)) {
      const json& params = member_of(*notification, "params");
      resume_from = member_of(params, "resumeFrom");
      // Of the stream alone; any other reason ends the connection, too.
      if (text_of(params, "reason") != "overflow") continue;
      if (const auto open = open_stream(context, options, *client, std::exchange(resume_from, {}));
          !open) {
        return open.error();
      }
      continue;
    }
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
  CLI::App* verb = app.add_subcommand(
      "watch", "Print detections, events, changes of state and alerts as they come");
  verb->add_option("ids", options->ids, "Only these cameras");
  verb->add_option("--label", options->labels,
                   "Only objects of this class, e.g. person (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--min-confidence", options->min_confidence, "Only objects at least so sure")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--count", options->count, "End after so many lines");
  verb->add_flag("--states", options->states, "Only changes of state and alerts");
  verb->add_flag("--events", options->events, "Only events of tracks and zones");
  verb->add_flag("--empty", options->empty, "Also frames in which nothing was seen");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return watch(context, *options); };
  });
}

}  // namespace bulkhead::cli
