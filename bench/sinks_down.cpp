// Question: what does a camera lose while every place that keeps its results is down? A worker
// whose sinks are all down beside one that has none, fed with the same clip as fast as each infers.
//
//   bench_sinks_down [--model NAME|FILE] [--input WxH] [--clip FILE] [--rounds N] [--frames N]
//   bench_sinks_down --smoke    few frames, for ctest
//
// Down is each in its own way: a history whose folder cannot be made, a Redis that refuses, a
// PostgreSQL that takes connections and never says a word. Rounds alternate, and while one worker
// works the other stands still (SIGSTOP).

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/fed_options.hpp"
#include "bench/fed_worker.hpp"
#include "bench/median.hpp"
#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/unique_fd.hpp"
#include "ipc/start_message.hpp"

namespace {

using namespace bulkhead;
using bench::fail;
using bench::fed_start;
using bench::FedOptions;
using bench::FedWorker;
using bench::Median;
namespace fs = std::filesystem;

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

void compare(const FedOptions& options, const fs::path& folder) {
  const SilentPort refusing{false};
  const SilentPort silent{true};
  FedWorker none{fed_start(options, folder, "none"), folder};
  FedWorker down{with_all_down(fed_start(options, folder, "down"), folder, refusing, silent),
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

}  // namespace

int main(int argc, char** argv) {
  const FedOptions options =
      bench::fed_options("What a camera loses while every sink is down", argc, argv);
  static const bench::ScratchFolder folder;  // static: fail() takes it away too
  compare(options, folder.path);
}
