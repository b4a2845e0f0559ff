// Question: how much of its engine's speed does a worker keep? One worker is fed a clip as fast as
// it infers; the bare engine runs in a loop on the same pictures, one thread each.
//
//   bench_worker [--model NAME|FILE] [--input WxH] [--clip FILE] [--rounds N] [--frames N]
//   bench_worker --smoke    few frames, for ctest
//
// Rounds alternate, and while one side works the other stands still (SIGSTOP): what else the
// machine does meets both. Time between published results is taken from the worker's own records.

#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fed_options.hpp"
#include "bench/fed_worker.hpp"
#include "bench/median.hpp"
#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/clock.hpp"
#include "common/thread_cpu.hpp"
#include "ipc/start_message.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/detect/letterbox.hpp"
#include "worker/frame/frame_ring.hpp"
#include "worker/model/model_catalog.hpp"
#include "worker/source/capture_loop.hpp"
#include "worker/source/file_source.hpp"
#include "worker/source/gst_start.hpp"

namespace {

using namespace bulkhead;
using bench::fail;
using bench::FedOptions;
using bench::FedWorker;
using bench::Median;
using bench::must;
using bench::Pace;
using bench::print;
using bench::ScratchFolder;
using bench::StageCosts;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kPictures = 32;  // of the clip, for the bare engine

/// The engine as the worker has it, and nothing around it.
class BareEngine {
 public:
  BareEngine(const ipc::StartMessage& start, const fs::path& clip, const std::string& cache_dir) {
    const DetectStage& stage = start.spec.pipeline->detect;
    const auto catalog = must(worker::ModelCatalog::load(start.model_catalog));
    const auto model = must(worker::locate_model(stage.model, catalog, start.model_dir));
    const auto& declared = model.file.signature().inputs.front().dimensions;
    worker::InputSize input{stage.input_width, stage.input_height};
    if (declared[2].size > 0) {
      input = {static_cast<std::uint32_t>(declared[3].size),
               static_cast<std::uint32_t>(declared[2].size)};
    }
    backend_ = must(worker::create_backend(stage.engine, model.file,
                                           {input, stage.intra_op_threads, cache_dir}));
    const bool yolox = model.entry && model.entry->layout == OutputLayout::YoloX;
    worker::Letterbox letterbox{input, worker::Anchor::TopLeft,
                                yolox ? PixelRule::Bgr255 : PixelRule::Rgb1};
    take_pictures(clip, letterbox);
  }

  Pace run(std::uint64_t frames) {
    const std::int64_t begin_ns = monotonic_ns();
    const std::int64_t begin_cpu_ns = thread_cpu_ns();
    for (std::uint64_t i = 0; i < frames; ++i) {
      const auto outputs = backend_->run(tensors_[i % tensors_.size()]);
      if (!outputs) fail(outputs.error().message);
    }
    const auto per_frame = [frames](std::int64_t ns) {
      return to_ms(ns) / static_cast<double>(frames);
    };
    return {per_frame(monotonic_ns() - begin_ns), per_frame(thread_cpu_ns() - begin_cpu_ns)};
  }

 private:
  void take_pictures(const fs::path& clip, worker::Letterbox& letterbox) {
    worker::FrameRing ring{2, worker::WhenFull::Block};
    worker::CaptureCounters counters;
    worker::CaptureLoop capture{
        must(worker::FileSource::create(clip, {.pace = ::bulkhead::Pace::FlatOut, .loop = true})),
        ring,
        counters,
        {}};
    while (tensors_.size() < kPictures) {
      const auto frame = ring.pop({}, 10s);
      if (!frame) fail("no picture from " + clip.string());
      if (const auto written = letterbox.write(*frame); !written) fail(written.error().message);
      const auto planes = letterbox.planes();
      tensors_.emplace_back(planes.begin(), planes.end());
    }
  }

  std::unique_ptr<worker::InferenceBackend> backend_;
  std::vector<std::vector<float>> tensors_;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void print_stages(const StageCosts& stages, double wall_ms) {
  double rest_ms = wall_ms;
  std::printf("\n| stage | ms a frame |\n| --- | --- |\n");
  for (std::size_t i = 0; i < stages.ms.size(); ++i) {
    const double ms = stages.ms[i] / stages.frames;
    rest_ms -= ms;
    std::printf("| %s | %.3f |\n", StageCosts::kNames[i], ms);
  }
  std::printf("| rest, waiting for frames among it | %.3f |\n", rest_ms);
}

void compare(const ipc::StartMessage& start, const FedOptions& options,
             const std::string& cache_dir) {
  BareEngine bare{start, options.clip, cache_dir};
  FedWorker fed{start, cache_dir};
  bare.run(3);  // warm
  std::vector<double> wall_ratios;
  std::vector<double> cpu_ratios;
  std::vector<double> worker_ms;
  std::printf(
      "| round | engine ms | worker ms | ratio | engine CPU ms | worker CPU ms | ratio |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (int round = 1; round <= options.rounds; ++round) {
    // The engine before and after, so that a slow drift of the machine meets both sides.
    const Pace before = bare.run((options.frames + 1) / 2);
    const Pace worked = fed.run(options.frames);
    const Pace after = bare.run((options.frames + 1) / 2);
    const double wall_ms = (before.wall_ms + after.wall_ms) / 2;
    const double cpu_ms = (before.cpu_ms + after.cpu_ms) / 2;
    wall_ratios.push_back(wall_ms / worked.wall_ms);
    cpu_ratios.push_back(cpu_ms / worked.cpu_ms);
    worker_ms.push_back(worked.wall_ms);
    std::printf("| %d | %.2f | %.2f | %.3f | %.2f | %.2f | %.3f |\n", round, wall_ms,
                worked.wall_ms, wall_ratios.back(), cpu_ms, worked.cpu_ms, cpu_ratios.back());
  }
  std::printf("\n");
  print("worker's frames a second over the bare engine's", Median{wall_ratios});
  print("by processor time of the inferring thread", Median{cpu_ratios});
  print_stages(fed.stages(), mean(worker_ms));
}

}  // namespace

int main(int argc, char** argv) {
  const FedOptions options =
      bench::fed_options("What a worker keeps of its engine's speed", argc, argv);
  static const ScratchFolder folder;  // static: fail() takes it away too
  const auto quiet = [](std::string_view, std::string_view, std::string_view) {};
  if (const auto started = worker::gst_start(folder.path, quiet); !started) {
    fail(started.error().message);
  }
  compare(bench::fed_start(options, folder.path, "worker"), options, folder.path);
}
