#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/availability_options.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"
#include "supervisor/cli/zone_options.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct ReconfigureOptions {
  std::string id;
  std::optional<double> min_confidence;
  std::optional<double> nms_iou;
  std::optional<double> max_fps;
  std::optional<bool> track;
  std::vector<std::string> classes;
  bool all_classes = false;
  std::string pipeline;
  AvailabilityOptions availability;
  ZoneOptions zones;
  std::string log_level;
  std::optional<int> priority;
  std::optional<int> max_connections;
};

Outcome<json> changes_of(const ReconfigureOptions& options) {
  json params{{"subscriptionIdentifier", options.id}};
  if (options.min_confidence) params["minConfidence"] = *options.min_confidence;
  if (options.nms_iou) params["nmsIou"] = *options.nms_iou;
  if (options.max_fps) params["maxFps"] = *options.max_fps;
  if (options.track) params["track"] = *options.track;
  if (!options.classes.empty()) params["classes"] = options.classes;
  if (options.all_classes) params["classes"] = json::array();
  if (!options.pipeline.empty()) params["pipeline"] = options.pipeline;
  put_availability(options.availability, params);
  if (auto put = put_zones(options.zones, params); !put) return put.error();
  if (!options.log_level.empty()) params["logLevel"] = options.log_level;
  if (options.priority) params["priority"] = *options.priority;
  if (options.max_connections) params["maxRtspConnections"] = *options.max_connections;
  return {boost::system::in_place_value, std::move(params)};
}

Outcome<> reconfigure(const Context& context, const ReconfigureOptions& options) {
  const auto changes = changes_of(options);
  if (!changes) return changes.error();
  const auto result = context.call("session.reconfigure", *changes);
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << reconfigured_line(options.id, *result);
  }
  return boost::system::in_place_value;
}

}  // namespace

void declare_reconfigure(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ReconfigureOptions>();
  CLI::App* verb = app.add_subcommand(
      "reconfigure", "Change some of a camera's parameters; says what became of its worker");
  verb->add_option("id", options->id, "The camera's name")->required();
  verb->add_option("--min-confidence", options->min_confidence,
                   "0 to 1; objects below are left out");
  verb->add_option("--nms-iou", options->nms_iou,
                   "0 to 1; of boxes that overlap by more only the best stays");
  verb->add_option("--max-fps", options->max_fps,
                   "Frames inferred per second at most; 0: as the camera delivers");
  verb->add_flag("--track,!--no-track", options->track, "Give objects the ids of their tracks");
  auto* classes =
      verb->add_option("--class", options->classes,
                       "A label that is kept; may be repeated, all others are left out");
  verb->add_flag("--all-classes", options->all_classes, "Keep every label")->excludes(classes);
  verb->add_option("--pipeline", options->pipeline, "The name of another pipeline");
  declare_availability(*verb, options->availability);
  declare_zones(*verb, options->zones);
  verb->add_option("--log-level", options->log_level, "Of its worker: trace debug info warn error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  verb->add_option("--priority", options->priority, "0 to 9: the highest connects first");
  verb->add_option("--max-rtsp-connections", options->max_connections,
                   "Viewers the camera serves at once; 1: a restart cannot overlap");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return reconfigure(context, *options); };
  });
}

}  // namespace bulkhead::cli
