// Question: how much of its engine's speed does a worker keep? One worker is fed a clip as fast as
// it infers; the bare engine runs in a loop on the same pictures, one thread each.
//
//   bench_worker [--model NAME|FILE] [--input WxH] [--clip FILE] [--rounds N] [--frames N]
//   bench_worker --smoke    few frames, for ctest
//
// Rounds alternate, and while one side works the other stands still (SIGSTOP): what else the
// machine does meets both. Time between published results is taken from the worker's own records.

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/clock.hpp"
#include "ipc/start_message.hpp"
#include "supervisor/session/worker_link.hpp"
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
using bench::must;
using bench::ScratchFolder;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kPictures = 32;  // of the clip, for the bare engine

struct Options {
  std::string model = "yolo11n";
  std::string input = "416x416";
  fs::path clip = fs::path{BULKHEAD_DEPS} / "clips/people.mp4";
  int rounds = 80;  // many and short: a shared machine changes its speed within seconds
  std::uint64_t frames = 12;
  bool smoke = false;
};

/// What one side did in one round, per frame.
struct Pace {
  double wall_ms = 0;
  double cpu_ms = 0;  // of the thread that infers
};

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
  static std::int64_t thread_cpu_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * kNsPerSecond + used.tv_nsec;
  }

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

/// Where the worker's time went, as its status page adds it up.
struct Stages {
  static constexpr std::array<const char*, 5> kNames{"letterbox", "engine", "decode and NMS",
                                                     "track", "publish"};
  std::array<double, 5> ms{};
  double frames = 0;

  static Stages read(const ipc::StatusPage& status) {
    const auto ms_of = [](const std::atomic<std::uint64_t>& total_ns) {
      return to_ms(total_ns.load());
    };
    return {{ms_of(status.letterbox_ns_total), ms_of(status.infer_ns_total),
             ms_of(status.decode_ns_total), ms_of(status.track_ns_total),
             ms_of(status.publish_ns_total)},
            static_cast<double>(status.frames_inferred_total.load())};
  }

  void add_difference(const Stages& begin, const Stages& end) {
    for (std::size_t i = 0; i < ms.size(); ++i) ms[i] += end.ms[i] - begin.ms[i];
    frames += end.frames - begin.frames;
  }
};

/// A real worker that plays the clip flat out while it is allowed to run.
class FedWorker {
 public:
  FedWorker(const ipc::StartMessage& start, const std::string& cache_dir) {
    using supervisor::WorkerLink;
    worker_ = must(WorkerLink::start(
        loop_, {.executable = BULKHEAD_WORKER, .cache_dir = cache_dir, .limits = {}}));
    worker_->watch({.record = [this](const auto& taken) { note(taken); },
                    .broken = [](const Error& error) { fail(error.message); },
                    .exited = [](const supervisor::ExitStatus&) { fail("the worker ended"); }});
    if (!worker_->serve(start.to_json())) fail("the worker took no start message");
    next_detection();  // the model is loaded, the clip plays
    find_detect_thread();
    pause();
  }

  Pace run(std::uint64_t frames) {
    ::kill(worker_->pid(), SIGCONT);
    // What was under way when it was stopped is not counted.
    for (int i = 0; i < 3; ++i) next_detection();
    const Seen first = next_detection();
    const Stages first_stages = Stages::read(worker_->status());
    const std::int64_t first_cpu_ns = detect_cpu_ns();
    Seen last = first;
    while (last.frame_id - first.frame_id < frames) last = next_detection();
    const std::int64_t last_cpu_ns = detect_cpu_ns();
    stages_.add_difference(first_stages, Stages::read(worker_->status()));
    pause();
    const auto per_frame = [&](std::int64_t ns) {
      return to_ms(ns) / static_cast<double>(last.frame_id - first.frame_id);
    };
    return {per_frame(last.publish_ns - first.publish_ns), per_frame(last_cpu_ns - first_cpu_ns)};
  }

  /// Of all rounds, without the time in which the worker stood still.
  [[nodiscard]] const Stages& stages() const { return stages_; }

 private:
  struct Seen {
    std::uint64_t frame_id = 0;
    std::int64_t publish_ns = 0;
  };

  void note(const ipc::PriorityConsumer::Taken& taken) {
    if (const auto* fatal = std::get_if<ipc::Fatal>(&taken.record.body)) fail(fatal->text);
    if (const auto* detection = std::get_if<Detection>(&taken.record.body)) {
      seen_.push_back({detection->frame_id, taken.record.publish_ns});
    }
  }

  Seen next_detection() {
    while (seen_.empty()) loop_.run_one();
    const Seen next = seen_.front();
    seen_.pop_front();
    return next;
  }

  void pause() { ::kill(worker_->pid(), SIGSTOP); }

  void find_detect_thread() {
    const fs::path tasks = "/proc/" + std::to_string(worker_->pid()) + "/task";
    std::uint64_t busiest = 0;
    // The engine may have threads that inherited the name; the one that infers has worked most.
    for (const auto& task : fs::directory_iterator{tasks}) {
      std::string name;
      std::uint64_t cpu_ns = 0;
      std::getline(std::ifstream{task.path() / "comm"}, name);
      std::ifstream{task.path() / "schedstat"} >> cpu_ns;
      if (name != "detect" || cpu_ns < busiest) continue;
      busiest = cpu_ns;
      schedstat_ = task.path() / "schedstat";
    }
  }

  [[nodiscard]] std::int64_t detect_cpu_ns() const {
    std::int64_t cpu_ns = 0;
    std::ifstream{schedstat_} >> cpu_ns;
    return cpu_ns;
  }

  boost::asio::io_context loop_;
  std::shared_ptr<supervisor::WorkerLink> worker_;
  std::deque<Seen> seen_;
  fs::path schedstat_;
  Stages stages_;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The middle of many noisy ratios, and the bounds it lies between in 19 of 20 such benches: ranks
/// of the binomial distribution, whatever the ratios' own is.
struct Median {
  double value;
  double low;
  double high;

  explicit Median(std::vector<double> values) {
    constexpr double kHalfWidth = 0.98;  // 1.96 standard deviations of √n / 2
    std::sort(values.begin(), values.end());
    const auto count = static_cast<double>(values.size());
    const auto at = [&](double rank) {
      return values[static_cast<std::size_t>(std::clamp(rank, 0.0, count - 1))];
    };
    value = values[values.size() / 2];
    low = at(count / 2 - kHalfWidth * std::sqrt(count));
    high = at(count / 2 + kHalfWidth * std::sqrt(count));
  }
};

void print_stages(const Stages& stages, double wall_ms) {
  double rest_ms = wall_ms;
  std::printf("\n| stage | ms a frame |\n| --- | --- |\n");
  for (std::size_t i = 0; i < stages.ms.size(); ++i) {
    const double ms = stages.ms[i] / stages.frames;
    rest_ms -= ms;
    std::printf("| %s | %.3f |\n", Stages::kNames[i], ms);
  }
  std::printf("| rest, waiting for frames among it | %.3f |\n", rest_ms);
}

void compare(const ipc::StartMessage& start, const Options& options, const std::string& cache_dir) {
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
  const auto print = [](const char* what, const Median& median) {
    std::printf("%s: %.3f (median; 95 %% between %.3f and %.3f)\n", what, median.value, median.low,
                median.high);
  };
  std::printf("\n");
  print("worker's frames a second over the bare engine's", Median{wall_ratios});
  print("by processor time of the inferring thread", Median{cpu_ratios});
  print_stages(fed.stages(), mean(worker_ms));
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"What a worker keeps of its engine's speed"};
  app.add_option("--model", options.model, "name of config/models.json or an .onnx file");
  app.add_option("--input", options.input, "WxH; ignored where the model's is fixed");
  app.add_option("--clip", options.clip);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--frames", options.frames, "per round")->check(CLI::PositiveNumber);
  app.add_flag("--smoke", options.smoke);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

ipc::StartMessage start_message(const Options& options, const std::string& folder) {
  PipelineSpec pipeline{.name = "bench", .max_fps = 0, .detect = {}, .crops = {}};
  pipeline.detect.model = options.model;
  if (std::sscanf(options.input.c_str(), "%ux%u", &pipeline.detect.input_width,
                  &pipeline.detect.input_height) != 2) {
    fail("--input is WxH");
  }
  return {.spec = {.id = must(SubscriptionId::parse("bench")),
                   .url = must(RtspUrl::parse("file://" + fs::absolute(options.clip).string())),
                   .pipeline = std::move(pipeline),
                   .pipeline_name = {},
                   .pace = ::bulkhead::Pace::FlatOut,
                   .loop = true},
          .generation = 1,
          .log_file = folder + "/worker.log",
          .log_max_bytes = 10'000'000,
          .log_backup_count = 1,
          .model_dir = BULKHEAD_DEPS "/models",
          .model_catalog = BULKHEAD_CATALOG};
}

}  // namespace

int main(int argc, char** argv) {
  Options options = parse(argc, argv);
  if (options.smoke) {
    options.rounds = 1;
    options.frames = 4;
  }
  static const ScratchFolder folder;  // static: fail() takes it away too
  const auto quiet = [](std::string_view, std::string_view, std::string_view) {};
  if (const auto started = worker::gst_start(folder.path, quiet); !started) {
    fail(started.error().message);
  }
  compare(start_message(options, folder.path), options, folder.path);
}
