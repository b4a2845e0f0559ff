// Question: what does tracking cost beside the detection it follows? So many things walk through a
// picture at 10 frames a second; a twentieth of them is not seen in a frame, a tenth scores low.
// Between rounds the detector works on an empty picture of the same size.
//
//   bench_track_cost [--model NAME|FILE] [--side N] [--rounds N]
//   bench_track_cost --smoke    few rounds, for ctest

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/must.hpp"
#include "common/clock.hpp"
#include "worker/detect/detector.hpp"
#include "worker/track/tracker.hpp"

namespace {

using namespace bulkhead;
using bench::fail;

constexpr float kWidth = 1920;
constexpr float kHeight = 1080;
constexpr float kSure = 0.3F;
constexpr std::int64_t kFrameNs = kNsPerSecond / 10;
constexpr int kFramesPerRound = 50;

struct Options {
  std::string model = "yolo11n";
  std::uint32_t side = 416;
  int rounds = 20;
  bool smoke = false;
};

/// People who walk straight on, back and forth; many of them hide each other.
class Crowd {
 public:
  explicit Crowd(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const float height = uniform(60, 200);
      walkers_.push_back(
          {.box = {uniform(0, kWidth), uniform(0, kHeight - height), height * 0.4F, height},
           .step = uniform(-12, 12)});
    }
  }

  std::vector<Object> next_frame() {
    std::vector<Object> seen;
    for (Walker& walker : walkers_) {
      walker.box.x += walker.step;
      if (walker.box.x < 0 || walker.box.x > kWidth) walker.step = -walker.step;
      if (uniform(0, 1) < 0.05F) continue;
      Box box = walker.box;
      box.x += uniform(-2, 2);
      box.y += uniform(-2, 2);
      const float confidence = uniform(0, 1) < 0.1F ? 0.2F : 0.8F;
      seen.push_back({.box = box, .confidence = confidence, .label_id = 0});
    }
    return seen;
  }

 private:
  struct Walker {
    Box box;
    float step;
  };

  float uniform(float from, float to) {
    return std::uniform_real_distribution<float>{from, to}(random_);
  }

  std::mt19937 random_{4711};
  std::vector<Walker> walkers_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Microseconds of one frame each.
class Rounds {
 public:
  explicit Rounds(std::size_t objects) : objects_{objects}, crowd_{objects} { run(); }

  void run() {
    std::vector<std::vector<Object>> frames;
    for (int i = 0; i < kFramesPerRound; ++i) frames.push_back(crowd_.next_frame());
    const std::int64_t begin_ns = monotonic_ns();
    for (auto& objects : frames) tracker_.update(now_ns_ += kFrameNs, kSure, objects);
    us_.push_back(to_ms(monotonic_ns() - begin_ns) * 1e3 / kFramesPerRound);
    for (const auto& objects : frames) {
      for (const Object& object : objects) ids_ += object.track_id != 0 ? 1 : 0;
    }
  }

  void print(double detect_ms) const {
    const double us = median({us_.begin() + 1, us_.end()});  // the first one was to warm up
    std::printf("| %zu | %.1f | %.1f | %.4f |\n", objects_, us, *std::ranges::max_element(us_),
                us / 1e3 / detect_ms);
  }
  [[nodiscard]] std::uint64_t ids() const noexcept { return ids_; }

 private:
  std::size_t objects_;
  Crowd crowd_;
  worker::Tracker tracker_;
  std::int64_t now_ns_ = 0;
  std::vector<double> us_;
  std::uint64_t ids_ = 0;  // so that nothing is optimised away
};

worker::Detector make_detector(const Options& options) {
  DetectStage stage;
  stage.model = options.model;
  stage.input_width = stage.input_height = options.side;
  const std::filesystem::path deps{BULKHEAD_DEPS};
  auto detector = worker::Detector::create(
      stage, {.catalog = BULKHEAD_CATALOG, .model_dir = deps / "models", .cache_dir = {}});
  if (!detector) fail(detector.error().message);
  return std::move(*detector);
}

worker::Frame grey_frame(std::vector<std::uint8_t>& pixels) {
  pixels.assign(static_cast<std::size_t>(kWidth * kHeight * 1.5F), 128);
  worker::Frame frame;
  frame.width = static_cast<std::uint32_t>(kWidth);
  frame.height = static_cast<std::uint32_t>(kHeight);
  const std::size_t luma = std::size_t{frame.width} * frame.height;
  frame.planes = {{{pixels.data(), frame.width},
                   {pixels.data() + luma, frame.width / 2},
                   {pixels.data() + luma * 5 / 4, frame.width / 2}}};
  return frame;
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"What tracking costs beside detection"};
  app.add_option("--model", options.model, "name of config/models.json or an .onnx file");
  app.add_option("--side", options.side, "of the model's input, pixels");
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
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
  worker::Detector detector = make_detector(options);
  std::vector<std::uint8_t> pixels;
  const worker::Frame frame = grey_frame(pixels);
  Rounds sizes[] = {Rounds{10}, Rounds{100}, Rounds{300}};
  std::vector<double> detect_ms;
  for (int round = 0; round < options.rounds; ++round) {
    for (Rounds& size : sizes) size.run();
    const std::int64_t begin_ns = monotonic_ns();
    if (const auto found = detector.detect(frame); !found) fail(found.error().message);
    detect_ms.push_back(to_ms(monotonic_ns() - begin_ns));
  }
  const double detected = median(detect_ms);
  std::printf("detection of one frame: %.2f ms\n\n", detected);
  std::printf("| objects | tracking us | slowest round us | of the detection |\n");
  std::printf("| --- | --- | --- | --- |\n");
  for (const Rounds& size : sizes) {
    size.print(detected);
    if (size.ids() == 0) fail("nothing was tracked");
  }
  return 0;
}
