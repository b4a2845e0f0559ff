#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "bench/must.hpp"
#include "ipc/start_message.hpp"

namespace bulkhead::bench {

/// What is asked of a bench that feeds workers with a clip as fast as they infer.
struct FedOptions {
  std::string model = "yolo11n";
  std::string input = "416x416";
  std::filesystem::path clip = std::filesystem::path{BULKHEAD_DEPS} / "clips/people.mp4";
  int rounds = 80;  // many and short: a shared machine changes its speed within seconds
  std::uint64_t frames = 12;
};

/// Of the command line; ends the program where that is none. `--smoke`: few frames, for ctest.
inline FedOptions fed_options(const char* title, int argc, char** argv) {
  FedOptions options;
  bool smoke = false;
  CLI::App app{title};
  app.add_option("--model", options.model, "name of config/models.json or an .onnx file");
  app.add_option("--input", options.input, "WxH; ignored where the model's is fixed");
  app.add_option("--clip", options.clip);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--frames", options.frames, "per round")->check(CLI::PositiveNumber);
  app.add_flag("--smoke", smoke);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (smoke) {
    options.rounds = 1;
    options.frames = 4;
  }
  return options;
}

/// For a worker of the session `name` that keeps no results. Its log lies in `folder`.
inline ipc::StartMessage fed_start(const FedOptions& options, const std::filesystem::path& folder,
                                   const std::string& name) {
  PipelineSpec pipeline{.name = "bench", .max_fps = 0, .detect = {}, .crops = {}};
  pipeline.detect.model = options.model;
  if (std::sscanf(options.input.c_str(), "%ux%u", &pipeline.detect.input_width,
                  &pipeline.detect.input_height) != 2) {
    fail("--input is WxH");
  }
  const auto clip = std::filesystem::absolute(options.clip).string();
  return {.spec = {.id = must(SubscriptionId::parse(name)),
                   .url = must(RtspUrl::parse("file://" + clip)),
                   .pipeline = std::move(pipeline),
                   .pipeline_name = {},
                   .pace = ::bulkhead::Pace::FlatOut,
                   .loop = true},
          .generation = 1,
          .log_file = folder / (name + ".log"),
          .log_max_bytes = 10'000'000,
          .log_backup_count = 1,
          .model_dir = BULKHEAD_DEPS "/models",
          .model_catalog = BULKHEAD_CATALOG};
}

}  // namespace bulkhead::bench
