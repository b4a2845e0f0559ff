#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/session_text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct CanaryOptions {
  std::string id;
  std::string model;
  std::string pipeline;
  std::optional<std::uint32_t> every_n;
  std::optional<std::uint64_t> frames;
  std::optional<double> min_agreement;
  std::optional<double> max_cost_ratio;
  bool promote = false;
};

json start_params(const CanaryOptions& options) {
  json params{{"subscriptionIdentifier", options.id}};
  if (!options.model.empty()) params["model"] = options.model;
  if (!options.pipeline.empty()) params["pipeline"] = options.pipeline;
  if (options.every_n) params["everyN"] = *options.every_n;
  if (!options.frames) return params;
  json rule{{"frames", *options.frames}, {"onPass", options.promote ? "promote" : "report"}};
  if (options.min_agreement) rule["minAgreement"] = *options.min_agreement;
  if (options.max_cost_ratio) rule["maxCostRatio"] = *options.max_cost_ratio;
  params["rule"] = std::move(rule);
  return params;
}

Outcome<> call_canary(const Context& context, const std::string& method, const json& params) {
  const auto result = context.call(method, params);
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
    return boost::system::in_place_value;
  }
  const json& canary = member_of(*result, "canary");
  std::cout << text_of(*result, "subscriptionIdentifier") << " canary "
            << (canary.is_object() ? canary_text(canary, wall_ms()) : "rolled back") << '\n';
  return boost::system::in_place_value;
}

void declare_start(CLI::App& canary, Command& chosen) {
  auto options = std::make_shared<CanaryOptions>();
  CLI::App* verb = canary.add_subcommand("start", "Try a second model beside a camera's own");
  verb->add_option("id", options->id, "The camera's name")->required();
  auto* model = verb->add_option("--model", options->model,
                                 "A name of the catalogue, a file in the folder of models, or "
                                 "https://…/model.onnx#sha256=…; all else stays as the camera has "
                                 "it");
  verb->add_option("--pipeline", options->pipeline, "The name of a pipeline with it at its root")
      ->excludes(model);
  verb->add_option("--every-n", options->every_n, "Of so many frames it sees one; 10");
  auto* frames = verb->add_option("--frames", options->frames,
                                  "The rule: decided after so many frames in which something is");
  auto* agreement =
      verb->add_option("--min-agreement", options->min_agreement, "0 to 1: with less it has failed")
          ->needs(frames);
  frames->needs(agreement);
  verb->add_option("--max-cost-ratio", options->max_cost_ratio,
                   "With more of the processor time of the camera's own it has failed")
      ->needs(frames);
  verb->add_flag("--promote", options->promote, "Promoted by itself where it passes")
      ->needs(frames);
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) {
      return call_canary(context, "session.canary.start", start_params(*options));
    };
  });
}

void declare_decision(CLI::App& canary, Command& chosen, const std::string& name,
                      const std::string& help) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = canary.add_subcommand(name, help);
  verb->add_option("id", *id, "The camera's name")->required();
  verb->callback([&chosen, id, name] {
    chosen = [id, name](const Context& context) {
      return call_canary(context, "session.canary." + name, {{"subscriptionIdentifier", *id}});
    };
  });
}

}  // namespace

void declare_canary(CLI::App& app, Command& chosen) {
  CLI::App* canary =
      app.add_subcommand("canary", "A second model beside a camera's own, on a sample of frames");
  canary->require_subcommand(1);
  declare_start(*canary, chosen);
  declare_decision(*canary, chosen, "promote", "A worker with it takes over from the present one");
  declare_decision(*canary, chosen, "rollback", "End it, and forget it");
}

}  // namespace bulkhead::cli
