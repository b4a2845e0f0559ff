#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <map>
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

/// The last result of each camera: what comes after it is still to be told.
class Cursor {
 public:
  void take(const json& notification) {
    const json& params = member_of(notification, "params");
    const std::string session = text_of(params, "session");
    if (text_of(notification, "method") != "detection" || session.empty()) return;
    // Frames in which nothing was seen may come after later ones.
    auto& last = last_[session];
    last = std::max(last, {count_of(params, "generation"), count_of(params, "sequence")});
  }

  [[nodiscard]] json positions() const {
    json positions = json::array();
    for (const auto& [session, last] : last_) {
      positions.push_back(
          {{"session", session}, {"generation", last.first}, {"sequence", last.second}});
    }
    return positions;
  }

 private:
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> last_;  // generation, sequence
};

Outcome<RpcClient> open_stream(const Context& context, const WatchOptions& options,
                               const Cursor& cursor) {
  auto client = context.connect();
  if (!client) return client;
  json params{{"filter", filter_of(options)}};
  if (json positions = cursor.positions(); !positions.empty()) {
    params["resumeFrom"] = std::move(positions);
  }
  const auto stream = client->call("stream.open", params, context.call_time());
  if (!stream) return stream.error();
  return client;
}

Outcome<> watch(const Context& context, const WatchOptions& options) {
  Cursor cursor;
  auto client = open_stream(context, options, cursor);
  if (!client) return client.error();

  for (std::uint64_t printed = 0; options.count == 0 || printed < options.count;) {
    const auto notification = client->next_notification();
    if (!notification && client->may_return()) {
      client = open_stream(context, options, cursor);
      if (!client) return client.error();
      continue;
    }
    if (!notification) return notification.error();
    cursor.take(*notification);
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
