// Question: what does a look at an object cost, by kind of stage, alone and with others, and does a
// frame keep the budget of all looks whatever there is to look at? What do branches beside each
// other win? Real models of the folder of test data where it is;
// the computed one of deploy/make_colour_model anywhere.
//
//   bench_cascade [--rounds N] [--budget MS]
//   bench_cascade --smoke    few rounds, for ctest

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bench/must.hpp"
#include "common/clock.hpp"
#include "common/thread_cpu.hpp"
#include "worker/cascade/cascade.hpp"

namespace {

using namespace bulkhead;
using bench::must;

constexpr std::uint32_t kWidth = 1920;
constexpr std::uint32_t kHeight = 1080;

struct Options {
  int rounds = 200;
  int budget_ms = 40;
  bool smoke = false;
};

struct Kind {
  std::string name;
  CropStage stage;
};

CropStage stage_of(std::variant<ClassifyStage, ReadStage, DetectStage> work) {
  return {.attribute = "a", .parent = {}, .of = {}, .votes = {}, .work = std::move(work)};
}

std::vector<Kind> kinds() {
  ClassifyStage colour;
  colour.on.model = BULKHEAD_DEPS "/models/vehicle_colour.onnx";
  colour.on.pixels = PixelRule::Rgb1;
  std::vector<Kind> all{{"classify: colour, computed, 32x32", stage_of(colour)}};
  const std::filesystem::path real = std::filesystem::path{BULKHEAD_DATA} / "models";
  if (!std::filesystem::exists(real)) return all;
  const auto at = [&real](const char* file) { return (real / file).string(); };
  ClassifyStage plate_colour;
  plate_colour.on.model = at("hyperlpr_plate_color_cls_96.onnx");
  ClassifyStage body;
  body.on.model = at("imagenet_mobilenet_v2_int8.onnx");
  ReadStage text;
  text.on.model = at("cct_xs_v2_global.onnx");
  DetectStage plate;
  plate.model = at("hyperlpr_plate_det_320.onnx");
  plate.layout = OutputLayout::YoloV5Landmarks;
  all.push_back({"classify: plate's colour, 96x96", stage_of(plate_colour)});
  all.push_back({"read: plate's text, 128x64, bytes", stage_of(text)});
  all.push_back({"detect: plate, 320x320", stage_of(plate)});
  all.push_back({"classify: MobileNetV2 in bytes, 224x224", stage_of(body)});
  return all;
}

worker::Cascade cascade_of(const std::vector<CropStage>& stages, std::chrono::milliseconds budget,
                           std::uint32_t threads = 1) {
  PipelineSpec pipeline;
  pipeline.crops = stages;
  pipeline.crop_budget = budget;
  pipeline.crop_threads = threads;
  return must(worker::Cascade::create(
      pipeline, {"car"},
      {.catalog = BULKHEAD_CATALOG, .model_dir = BULKHEAD_DEPS "/models", .cache_dir = {}}));
}

/// A street's worth of noise.
class Picture {
 public:
  Picture() : pixels_(std::size_t{kWidth} * kHeight * 3 / 2) {
    std::mt19937 random{4711};
    for (std::uint8_t& pixel : pixels_) pixel = static_cast<std::uint8_t>(random());
    frame_.width = kWidth;
    frame_.height = kHeight;
    const std::size_t luma = std::size_t{kWidth} * kHeight;
    frame_.planes = {{{pixels_.data(), kWidth},
                      {pixels_.data() + luma, kWidth / 2},
                      {pixels_.data() + luma * 5 / 4, kWidth / 2}}};
  }

  /// Cars of 240 by 160 pixels, all over it.
  static std::vector<Object> objects(std::size_t count) {
    std::vector<Object> cars(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto column = static_cast<float>(i % 7);
      const auto row = static_cast<float>(i / 7 % 8);
      cars[i].box = {column * 240, row * 110, 240, 160};
      cars[i].confidence = 0.9F;
    }
    return cars;
  }

  [[nodiscard]] const worker::Frame& frame() const noexcept { return frame_; }

 private:
  std::vector<std::uint8_t> pixels_;
  worker::Frame frame_;
};

double at(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(part * last)];
}

struct Cost {
  std::vector<double> ms;      // of frames
  std::vector<double> cpu_ms;  // of this thread
  worker::Cascade::Work work;
};

Cost run(worker::Cascade& cascade, const Picture& picture, std::size_t count, int rounds) {
  Cost cost;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Object> objects = Picture::objects(count);
    const std::int64_t begin_cpu_ns = thread_cpu_ns();
    const std::int64_t begin_ns = monotonic_ns();
    const auto work = must(cascade.describe(picture.frame(), false, objects));
    cost.ms.push_back(to_ms(monotonic_ns() - begin_ns));
    cost.cpu_ms.push_back(to_ms(thread_cpu_ns() - begin_cpu_ns));
    cost.work.looked += work.looked;
    cost.work.skipped += work.skipped;
  }
  return cost;
}

void print_looks(const std::vector<Kind>& all, const Picture& picture, int rounds) {
  std::printf("| a look | ms p50 | ms p99 |\n| --- | --- | --- |\n");
  for (const Kind& kind : all) {
    worker::Cascade cascade = cascade_of({kind.stage}, std::chrono::seconds{100});
    run(cascade, picture, 1, 3);  // to warm up
    const Cost cost = run(cascade, picture, 1, rounds);
    std::printf("| %s | %.2f | %.2f |\n", kind.name.c_str(), at(cost.ms, 0.5), at(cost.ms, 0.99));
  }
}

void print_budget(const Kind& kind, const Picture& picture, const Options& options) {
  std::printf("\n%s, budget %d ms a frame\n\n", kind.name.c_str(), options.budget_ms);
  std::printf("| objects | looked at | left out | ms p50 | ms worst |\n");
  std::printf("| --- | --- | --- | --- | --- |\n");
  worker::Cascade cascade = cascade_of({kind.stage}, std::chrono::milliseconds{options.budget_ms});
  const int rounds = std::max(options.rounds / 10, 2);
  for (const std::size_t count : {0, 1, 5, 10, 20, 50}) {
    const Cost cost = run(cascade, picture, count, rounds);
    std::printf("| %zu | %.1f | %.1f | %.2f | %.2f |\n", count,
                static_cast<double>(cost.work.looked) / rounds,
                static_cast<double>(cost.work.skipped) / rounds, at(cost.ms, 0.5), at(cost.ms, 1));
    if (cost.work.looked + cost.work.skipped != count * static_cast<std::size_t>(rounds)) {
      bench::fail("an object was neither looked at nor counted as left out");
    }
  }
}

/// Eight objects in a frame, over eight frames of one: what putting crops together wins. By the
/// time of the processor: it is one thread's work, and others run beside it.
void print_batches(const std::vector<Kind>& all, const Picture& picture, int rounds) {
  constexpr std::size_t kObjects = 8;
  std::printf("\n| of %zu objects | CPU ms a look alone | together | alone over together |\n",
              kObjects);
  std::printf("| --- | --- | --- | --- |\n");
  for (const Kind& kind : all) {
    worker::Cascade cascade = cascade_of({kind.stage}, std::chrono::seconds{100});
    run(cascade, picture, kObjects, 3);
    std::vector<double> alone;
    std::vector<double> together;
    for (int round = 0; round < std::max(rounds / 4, 2); ++round) {
      alone.push_back(at(run(cascade, picture, 1, kObjects).cpu_ms, 0.5));
      together.push_back(run(cascade, picture, kObjects, 1).cpu_ms.front() / kObjects);
    }
    std::printf("| %s | %.2f | %.2f | %.2f |\n", kind.name.c_str(), at(alone, 0.5),
                at(together, 0.5), at(alone, 0.5) / at(together, 0.5));
  }
}

/// Two branches that look at the same four objects, on one thread and on two.
void print_branches(const Kind& kind, const Picture& picture, int rounds) {
  CropStage other = kind.stage;
  other.attribute = "b";
  std::vector<double> ratios;
  worker::Cascade one = cascade_of({kind.stage, other}, std::chrono::seconds{100}, 1);
  worker::Cascade two = cascade_of({kind.stage, other}, std::chrono::seconds{100}, 2);
  run(one, picture, 4, 2);
  run(two, picture, 4, 2);
  for (int round = 0; round < std::max(rounds / 10, 2); ++round) {
    ratios.push_back(run(one, picture, 4, 1).ms.front() / run(two, picture, 4, 1).ms.front());
  }
  std::printf("\n%s: two branches one after the other over beside each other: %.2f [%.2f, %.2f]\n",
              kind.name.c_str(), at(ratios, 0.5), at(ratios, 0), at(ratios, 1));
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"What a look at an object costs"};
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--budget", options.budget_ms, "of one frame, ms")->check(CLI::PositiveNumber);
  app.add_flag("--smoke", options.smoke);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (options.smoke) options.rounds = 2;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Picture picture;
  const std::vector<Kind> all = kinds();
  print_looks(all, picture, options.rounds);
  print_batches(all, picture, options.rounds);
  print_branches(all.front(), picture, options.rounds);
  if (all.size() > 1) print_branches(all.back(), picture, options.rounds);
  print_budget(all.front(), picture, options);
  if (all.size() > 1) print_budget(all.back(), picture, options);
  return 0;
}
