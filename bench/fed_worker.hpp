#pragma once

#include <signal.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <variant>

#include "bench/must.hpp"
#include "common/clock.hpp"
#include "ipc/start_message.hpp"
#include "supervisor/session/worker_link.hpp"

namespace bulkhead::bench {

/// What one side did in one round, per frame.
struct Pace {
  double wall_ms = 0;
  double cpu_ms = 0;  // of the thread that infers
};

/// Where the worker's time went, as its status page adds it up.
struct StageCosts {
  static constexpr std::array<const char*, 5> kNames{"letterbox", "engine", "decode and NMS",
                                                     "track", "publish"};
  std::array<double, 5> ms{};
  double frames = 0;

  static StageCosts read(const ipc::StatusPage& status) {
    const auto ms_of = [](const std::atomic<std::uint64_t>& total_ns) {
      return to_ms(total_ns.load());
    };
    return {{ms_of(status.letterbox_ns_total), ms_of(status.infer_ns_total),
             ms_of(status.decode_ns_total), ms_of(status.track_ns_total),
             ms_of(status.publish_ns_total)},
            static_cast<double>(status.frames_inferred_total.load())};
  }

  void add_difference(const StageCosts& begin, const StageCosts& end) {
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
    const StageCosts first_stages = StageCosts::read(worker_->status());
    const std::int64_t first_cpu_ns = detect_cpu_ns();
    Seen last = first;
    while (last.frame_id - first.frame_id < frames) last = next_detection();
    const std::int64_t last_cpu_ns = detect_cpu_ns();
    stages_.add_difference(first_stages, StageCosts::read(worker_->status()));
    pause();
    const auto per_frame = [&](std::int64_t ns) {
      return to_ms(ns) / static_cast<double>(last.frame_id - first.frame_id);
    };
    return {per_frame(last.publish_ns - first.publish_ns), per_frame(last_cpu_ns - first_cpu_ns)};
  }

  /// Of all rounds, without the time in which the worker stood still.
  [[nodiscard]] const StageCosts& stages() const { return stages_; }

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
    const std::filesystem::path tasks = "/proc/" + std::to_string(worker_->pid()) + "/task";
    std::uint64_t busiest = 0;
    // The engine may have threads that inherited the name; the one that infers has worked most.
    for (const auto& task : std::filesystem::directory_iterator{tasks}) {
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
  std::filesystem::path schedstat_;
  StageCosts stages_;
};

}  // namespace bulkhead::bench
