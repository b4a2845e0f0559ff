// Question: what does keeping results cost? The detect thread for offering one, and the thread
// `spool` for writing it to the disk before any sink gets it.
//
//   bench_sink_spool [FOLDER]    a table in Markdown; FOLDER lies on the disk in question
//   bench_sink_spool --smoke     few records, for ctest

#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/result_sinks.hpp"
#include "worker/sink/spool.hpp"

namespace {

using namespace bulkhead;

/// Takes everything at once: what is measured is the way to it.
class Abyss final : public worker::Sink {
 public:
  Result<> open() override { return {}; }
  Result<> write(std::span<const worker::SinkRecord> /*batch*/) override { return {}; }
  [[nodiscard]] std::string_view kind() const noexcept override { return "abyss"; }
};

worker::SinkRecord record_of(Sequence sequence, std::size_t bytes) {
  return {.generation = 1,
          .sequence = sequence,
          .kind = worker::RecordKind::Detection,
          .priority = ipc::PriorityClass::Important,
          .time_ns = wall_ns(),
          .expires_ns = 0,
          .json = std::string(bytes, 'x')};
}

void print(const char* what, std::size_t bytes, std::vector<std::int64_t> ns) {
  std::sort(ns.begin(), ns.end());
  const auto at = [&](double part) {
    return static_cast<double>(ns[static_cast<std::size_t>(part * double(ns.size() - 1))]) / 1000;
  };
  std::printf("| %s | %zu | %.1f | %.1f | %.1f |\n", what, bytes, at(0.5), at(0.99), at(0.999));
}

void measure_append(const std::string& folder, std::size_t bytes, std::uint64_t records) {
  auto spool = bench::must(worker::Spool::open(
      {.folder = folder + "/append" + std::to_string(bytes), .session = "s", .sinks = {"abyss"}}));
  std::vector<std::int64_t> appends;
  std::vector<std::int64_t> syncs;
  for (std::uint64_t i = 1; i <= records; ++i) {
    const worker::SpoolEntry entry{i,
                                   std::make_shared<const worker::SinkRecord>(record_of(i, bytes))};
    const std::int64_t begin_ns = monotonic_ns();
    if (const auto done = spool.append(entry); !done) bench::fail(done.error().message);
    appends.push_back(monotonic_ns() - begin_ns);
    if (i % limits::kSpoolSyncRecords == 0) {
      const std::int64_t sync_ns = monotonic_ns();
      if (const auto file = spool.unsynced()) ::fdatasync(file->get());
      syncs.push_back(monotonic_ns() - sync_ns);
    }
    spool.commit(0, i);
  }
  print("append", bytes, std::move(appends));
  print("fdatasync of 32", bytes, std::move(syncs));
}

void measure_offer(const std::string& folder, std::size_t bytes, std::uint64_t records) {
  std::vector<worker::NamedSink> sinks;
  sinks.push_back({"abyss", std::make_unique<Abyss>()});
  worker::ResultSinks set{{.folder = folder + "/offer" + std::to_string(bytes), .session = "s"},
                          std::move(sinks),
                          std::make_shared<spdlog::logger>("bench")};
  std::vector<std::int64_t> offers;
  for (std::uint64_t i = 1; i <= records; ++i) {
    auto record = record_of(i, bytes);
    const std::int64_t begin_ns = monotonic_ns();
    set.offer(std::move(record));
    offers.push_back(monotonic_ns() - begin_ns);
    // As a fast camera does it.
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  print("offer", bytes, std::move(offers));
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::string_view{argv[1]} == "--smoke";
  static const bench::ScratchFolder scratch;
  const std::string folder = argc > 1 && !smoke ? argv[1] : scratch.path;
  std::puts("| what | bytes of JSON | p50 µs | p99 µs | p99.9 µs |\n|---|---|---|---|---|");
  for (const std::size_t bytes : {std::size_t{500}, std::size_t{2000}, std::size_t{20'000}}) {
    measure_offer(folder, bytes, smoke ? 50 : 3000);
    measure_append(folder, bytes, smoke ? 100 : 20'000);
  }
}
