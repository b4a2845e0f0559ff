#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/sink_limits.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/history_text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct HistoryOptions {
  std::vector<std::string> ids;
  std::string since;
  std::string until;
  std::vector<std::string> kinds;
  std::vector<std::string> labels;
  double min_confidence = 0;
  std::uint32_t track = 0;
  std::string context;
  std::string zone;
  std::string attribute;  // NAME or NAME=VALUE
  bool oldest_first = false;
  std::size_t limit = limits::kHistoryPage;
};

json params_of(const HistoryOptions& options) {
  json params{{"order", options.oldest_first ? "oldest" : "newest"}};
  if (!options.ids.empty()) params["sessions"] = options.ids;
  if (!options.since.empty()) params["since"] = options.since;
  if (!options.until.empty()) params["until"] = options.until;
  if (!options.kinds.empty()) params["kinds"] = options.kinds;
  if (!options.labels.empty()) params["labels"] = options.labels;
  if (options.min_confidence > 0) params["minConfidence"] = options.min_confidence;
  if (options.track > 0) params["trackId"] = options.track;
  if (!options.context.empty()) params["context"] = options.context;
  if (!options.zone.empty()) params["zone"] = options.zone;
  if (!options.attribute.empty()) {
    const std::size_t equals = options.attribute.find('=');
    params["attribute"] = options.attribute.substr(0, equals);
    if (equals != std::string::npos)
      params["attributeValue"] = options.attribute.substr(equals + 1);
  }
  return params;
}

void print(const Context& context, const json& answer) {
  for (const json& result : member_of(answer, "results")) {
    if (context.json) {
      print_line(result);
    } else {
      std::cout << history_lines(result, context.colours);
    }
  }
  std::cout << std::flush;
  for (const json& unread : member_of(answer, "unread")) {
    std::cerr << "# " << text_of(unread, "session")
              << " cannot be read: " << text_of(unread, "code") << ": "
              << text_of(unread, "message") << '\n';
  }
  if (const auto skipped = count_of(answer, "skipped"); skipped > 0) {
    std::cerr << "# " << skipped << " rows are no results and were left out\n";
  }
}

/// Page after page, for an answer ends at bounds of its own, too.
Outcome<> history(const Context& context, const HistoryOptions& options) {
  auto client = context.connect();
  if (!client) return client.error();
  json params = params_of(options);
  for (std::size_t left = options.limit; left > 0;) {
    params["limit"] = std::min(left, limits::kHistoryPageMost);
    const auto answer = client->call("history.query", params, context.call_time());
    if (!answer) return answer.error();
    print(context, *answer);
    left -= std::min(left, member_of(*answer, "results").size());
    const std::string next = text_of(*answer, "next");
    if (next.empty()) break;
    if (left == 0) std::cerr << "# there may be more: give a greater --limit\n";
    params["cursor"] = next;
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_history(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* verb = app.add_subcommand(
      "history", "Print what cameras have seen before, a line an object; newest first");
  verb->add_option("ids", options->ids, "Only these cameras, also ones that were removed");
  verb->add_option("--since", options->since, "From 2026-01-05T12:00:00Z on, or 10m, 2h, 1d ago");
  verb->add_option("--until", options->until, "Up to then");
  verb->add_option("--kind", options->kinds, "Only results of this kind (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"detection", "event", "gap"}));
  verb->add_option("--label", options->labels,
                   "Only objects of this class, e.g. person (repeatable)")
      ->allow_extra_args(false);
  verb->add_option("--min-confidence", options->min_confidence, "Only objects at least so sure")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--track", options->track, "Only the object of this track");
  verb->add_option("--context", options->context, "Only results of this context");
  verb->add_option("--zone", options->zone, "Only objects in this zone");
  verb->add_option("--attribute", options->attribute,
                   "Only objects with this attribute: NAME or NAME=VALUE");
  verb->add_flag("--oldest-first", options->oldest_first, "In the order in which it was seen");
  verb->add_option("--limit", options->limit, "End after so many results")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return history(context, *options); };
  });
}

}  // namespace bulkhead::cli
