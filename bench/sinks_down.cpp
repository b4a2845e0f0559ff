// Question: what does a camera lose while every place that keeps its results is down? A worker
// whose sinks are all down beside one that has none, fed with the same clip as fast as each infers.
//
//   bench_sinks_down [--model NAME|FILE] [--input SIDE] [--clip FILE] [--rounds N] [--frames N]
//   bench_sinks_down --smoke    few frames, for ctest
//
// Down is each in its own way: a history whose folder cannot be made, a Redis that refuses, a
// PostgreSQL that takes connections and never says a word. Rounds alternate, and while one worker
// works the other stands still (SIGSTOP).

#include <netinet/in.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/fed_worker.hpp"
#include "bench/median.hpp"
#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/unique_fd.hpp"
#include "ipc/start_message.hpp"

namespace {

using namespace bulkhead;
using bench::fail;
using bench::FedWorker;
using bench::Median;
using bench::must;
namespace fs = std::filesystem;

struct Options {
  std::string model = "yolo11n";
  std::uint32_t side = 416;
  fs::path clip = fs::path{BULKHEAD_DEPS} / "clips/people.mp4";
  int rounds = 80;  // many and short: a shared machine changes its speed within seconds
  std::uint64_t frames = 12;
  bool smoke = false;
};

/// A port of loopback whose holder never answers: it listens or it does not.
class SilentPort {
 public:
  explicit SilentPort(bool listens) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), any, size) != 0 || (listens && ::listen(socket_.get(), 16) != 0) ||
        ::getsockname(socket_.get(), any, &size) != 0) {
      fail("no port of loopback is free");
    }
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  UniqueFd socket_;
  std::uint16_t number_ = 0;
};

ipc::StartMessage start_message(const Options& options, const fs::path& folder, const char* name) {
  PipelineSpec pipeline{.name = "bench", .detect = {}, .crops = {}};
  pipeline.detect.model = options.model;
  pipeline.detect.input_width = options.side;
  pipeline.detect.input_height = options.side;
  return {.spec = {.id = must(SubscriptionId::parse(name)),
                   .url = must(RtspUrl::parse("file://" + fs::absolute(options.clip).string())),
                   .pipeline = std::move(pipeline),
                   .pipeline_name = {},
                   .pace = Pace::FlatOut,
                   .loop = true},
          .generation = 1,
          .log_file = folder / (std::string{name} + ".log"),
          .log_max_bytes = 10'000'000,
          .log_backup_count = 1,
          .model_dir = BULKHEAD_DEPS "/models",
          .model_catalog = BULKHEAD_CATALOG};
}

ipc::StartMessage with_all_down(ipc::StartMessage start, const fs::path& folder,
                                const SilentPort& refusing, const SilentPort& silent) {
  const fs::path no_folder = folder / "no_folder";
  std::ofstream{no_folder} << "a file stands where a folder should be made\n";
  RedisSinkSpec redis;
  redis.account.port = refusing.number();
  PostgresSinkSpec postgres;
  postgres.account.port = silent.number();
  start.sinks = {{"history", SqliteSinkSpec{}}, {"redis", redis}, {"postgres", postgres}};
  start.spool_dir = folder / "spool";
  start.history_dir = no_folder / "history";
  return start;
}

void compare(const Options& options, const fs::path& folder) {
  const SilentPort refusing{false};
  const SilentPort silent{true};
  FedWorker none{start_message(options, folder, "none"), folder};
  FedWorker down{with_all_down(start_message(options, folder, "down"), folder, refusing, silent),
                 folder};
  std::vector<double> wall_ratios;
  std::vector<double> cpu_ratios;
  std::printf("| round | no sink ms | all down ms | ratio |\n| --- | --- | --- | --- |\n");
  for (int round = 1; round <= options.rounds; ++round) {
    // Before and after, so that a slow drift of the machine meets both sides.
    const bench::Pace before = none.run((options.frames + 1) / 2);
    const bench::Pace worked = down.run(options.frames);
    const bench::Pace after = none.run((options.frames + 1) / 2);
    const double wall_ms = (before.wall_ms + after.wall_ms) / 2;
    wall_ratios.push_back(wall_ms / worked.wall_ms);
    cpu_ratios.push_back((before.cpu_ms + after.cpu_ms) / 2 / worked.cpu_ms);
    std::printf("| %d | %.2f | %.2f | %.3f |\n", round, wall_ms, worked.wall_ms,
                wall_ratios.back());
  }
  std::printf("\n");
  bench::print("frames a second with every sink down over those with none", Median{wall_ratios});
  bench::print("by processor time of the inferring thread", Median{cpu_ratios});
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"What a camera loses while every sink is down"};
  app.add_option("--model", options.model, "name of config/models.json or an .onnx file");
  app.add_option("--input", options.side, "pixels of a side; ignored where the model's is fixed");
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

}  // namespace

int main(int argc, char** argv) {
  Options options = parse(argc, argv);
  if (options.smoke) {
    options.rounds = 1;
    options.frames = 4;
  }
  static const bench::ScratchFolder folder;  // static: fail() takes it away too
  compare(options, folder.path);
}
