#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "ipc/history_file.hpp"
#include "ipc/result_text.hpp"
#include "supervisor/history/history_page.hpp"
#include "worker/sink/sqlite_sink.hpp"

// What does it cost a worker to keep a result, of disk and of its processor, by how many come in
// one batch; what does retention add; and how long does a query take in a full file?

namespace bulkhead {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const SubscriptionId& session() {
  static const SubscriptionId id = SubscriptionId::parse("display-001;cam-001").value();
  return id;
}

const ModelCard& model() {
  static const ModelCard card{.name = "yolo11n",
                              .sha256 = std::string(64, 'a'),
                              .family = "yolov8",
                              .engine = "onnxruntime",
                              .labels = {"person", "car"},
                              .attributes = {{"plate", "plates", std::string(64, 'b')}}};
  return card;
}

/// Frames of a busy street: two to four things, most of them seen for a while.
std::vector<worker::SinkRecord> street(std::size_t count, Sequence first, std::int64_t from_ns) {
  static const std::vector<std::string> kZones{"entry"};
  std::mt19937 random{static_cast<unsigned>(first)};
  std::vector<worker::SinkRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    const Sequence sequence = first + i;
    const std::int64_t time_ns = from_ns + static_cast<std::int64_t>(i) * 100 * kNsPerMs;
    Detection detection{.frame_id = sequence,
                        .capture_wall_ns = time_ns,
                        .infer_us = 31'200,
                        .width = 1920,
                        .height = 1080,
                        .objects = {}};
    for (std::size_t n = 2 + random() % 3; n > 0; --n) {
      const auto track = static_cast<std::uint32_t>(sequence / 50 * 4 + n);
      Object thing{.box = {411.5F, 220, 310, 180.1F},
                   .confidence = 0.5F + 0.1F * static_cast<float>(random() % 5),
                   .label_id = static_cast<std::uint16_t>(n == 1 ? 0 : 1),
                   .track_id = track,
                   .zones = n == 2 ? 1U : 0U};
      if (n == 2) thing.attributes = {{0, "B " + std::to_string(track), 0.84F, {}}};
      detection.objects.push_back(std::move(thing));
    }
    worker::SinkRecord record{
        .generation = 1, .sequence = sequence, .time_ns = time_ns, .json = "{"};
    ipc::append_detection(record.json,
                          {.session = session().text(),
                           .generation = 1,
                           .sequence = sequence,
                           .model = model(),
                           .zones = &kZones},
                          detection, monotonic_ns());
    record.json += '}';
    records.push_back(std::move(record));
  }
  return records;
}

void check(const Result<>& outcome) {
  if (!outcome) bench::fail(outcome.error().message);
}

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

std::unique_ptr<worker::SqliteSink> open_sink(const fs::path& folder, std::uint64_t max_bytes) {
  auto sink = std::make_unique<worker::SqliteSink>(
      worker::SqliteSinkOptions{.session = session(), .folder = folder, .max_bytes = max_bytes});
  check(sink->open());
  return sink;
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator{folder}) bytes += entry.file_size();
  return bytes;
}

void write(const char* name, std::size_t count, std::size_t batch, std::uint64_t max_bytes) {
  const bench::ScratchFolder folder;
  auto sink = open_sink(folder.path, max_bytes);
  const auto records = street(count, 1, wall_ns() - 24 * 3600 * kNsPerSecond);
  std::size_t json_bytes = 0;
  for (const auto& record : records) json_bytes += record.json.size();
  const double cpu = cpu_us();
  const auto begun = Clock::now();
  for (std::size_t at = 0; at < count; at += batch) {
    const std::span<const worker::SinkRecord> all{records};
    check(sink->write(all.subspan(at, std::min(batch, count - at))));
  }
  const double seconds = std::chrono::duration<double>{Clock::now() - begun}.count();
  const double used = (cpu_us() - cpu) / static_cast<double>(count);
  sink.reset();
  std::printf("%-22s %8.0f results/s %7.1f us CPU a result", name,
              static_cast<double>(count) / seconds, used);
  std::printf("  %6.0f bytes on disk a result of %.0f\n",
              static_cast<double>(bytes_in(folder.path)) / static_cast<double>(count),
              static_cast<double>(json_bytes) / static_cast<double>(count));
}

void ask(const char* name, const fs::path& folder, const supervisor::HistoryFilter& filter,
         std::size_t limit = 100) {
  const auto begun = Clock::now();
  const auto page = supervisor::read_history_page(
      folder, {.sessions = {session()}, .filter = filter, .limit = limit},
      monotonic_ns() + std::chrono::nanoseconds{limits::kHistoryQueryTime}.count());
  const double ms = std::chrono::duration<double, std::milli>{Clock::now() - begun}.count();
  std::printf("%-34s %8.2f ms  %zu results%s\n", name, ms, page.results.size(),
              page.next ? ", more" : "");
}

void query(std::size_t count) {
  const bench::ScratchFolder folder;
  const fs::path own = ipc::history_folder(folder.path, session());
  fs::create_directories(own);
  const std::int64_t from_ns = wall_ns() - 3 * 24 * 3600 * kNsPerSecond;
  auto sink = open_sink(own, std::uint64_t{8} << 30);
  constexpr std::size_t kPart = 10'000;
  for (std::size_t at = 0; at < count; at += kPart) {
    check(sink->write(street(std::min(kPart, count - at), at + 1,
                             from_ns + static_cast<std::int64_t>(at) * 100 * kNsPerMs)));
  }
  std::printf("%zu results, %.0f MB, its worker has it open:\n", count,
              static_cast<double>(bytes_in(own)) / 1e6);
  const auto track = static_cast<std::uint64_t>(count / 2 / 50 * 4 + 2);
  ask("the newest", folder.path, {});
  ask("a moment in the middle", folder.path,
      {.to_ns = from_ns + static_cast<std::int64_t>(count / 2) * 100 * kNsPerMs});
  ask("a class", folder.path, {.labels = {"person"}});
  ask("two classes", folder.path, {.labels = {"person", "bus"}});
  ask("a track", folder.path, {.track = track});
  ask("a plate", folder.path,
      {.attribute = "plate", .attribute_value = "B " + std::to_string(track)});
  ask("a class in a zone, very sure", folder.path,
      {.labels = {"person"}, .min_confidence = 0.95, .zone = "entry"});
  ask("the newest thousand", folder.path, {}, 1000);
}

}  // namespace
}  // namespace bulkhead

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  const std::size_t count = smoke ? 500 : 50'000;
  for (const std::size_t batch : {1U, 8U, 32U, 128U}) {
    const std::string name = std::to_string(batch) + " a batch";
    bulkhead::write(name.c_str(), count, batch, bulkhead::limits::kHistoryFileBytes);
  }
  bulkhead::write("32, at its size limit", count, 32, smoke ? 200'000 : 20'000'000);
  bulkhead::query(smoke ? 1000 : 500'000);
  return 0;
}
