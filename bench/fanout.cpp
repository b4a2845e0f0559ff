#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/hub/notification.hpp"

// What does one result cost the supervisor before it reaches a socket? Writing the message, against
// building a JSON tree and dumping it; and offering it to many streams.

namespace bulkhead::supervisor {
namespace {

using Clock = std::chrono::steady_clock;

struct Sample {
  SubscriptionId session = SubscriptionId::parse("display-001;cam-001").value();
  Detection detection;
  ModelCard model{.name = "yolo11n",
                  .sha256 = std::string(64, 'a'),
                  .family = "yolov8",
                  .engine = "onnxruntime",
                  .input_width = 416,
                  .input_height = 416,
                  .labels = {"person", "bicycle", "car"}};

  explicit Sample(std::size_t objects) {
    detection.width = 1920;
    detection.height = 1080;
    detection.capture_wall_ns = wall_ns();
    detection.arrival_ns = monotonic_ns();
    for (std::size_t i = 0; i < objects; ++i) {
      const auto offset = static_cast<float>(i);
      detection.objects.push_back({.box = {411.3F + offset, 220.7F, 310.1F, 180.9F},
                                   .confidence = 0.9137F,
                                   .label_id = 2,
                                   .track_id = 0});
    }
  }

  [[nodiscard]] ResultEvent event() const {
    return {.session = session,
            .generation = 1,
            .sequence = 1841,
            .priority = ipc::PriorityClass::Important,
            .publish_ns = 0,
            .detection = detection,
            .model = model};
  }
};

/// The same message by way of a tree.
std::string dumped(const Sample& sample) {
  using nlohmann::json;
  const Detection& detection = sample.detection;
  json objects = json::array();
  for (const Object& object : detection.objects) {
    const Box& box = object.box;
    objects.push_back({{"id", "1-1841-0"},
                       {"label", sample.model.labels[object.label_id]},
                       {"labelId", object.label_id},
                       {"confidence", object.confidence},
                       {"bbox", {{"x", box.x}, {"y", box.y}, {"w", box.w}, {"h", box.h}}},
                       {"bboxNorm",
                        {{"xMin", box.x / 1920},
                         {"yMin", box.y / 1080},
                         {"xMax", (box.x + box.w) / 1920},
                         {"yMax", (box.y + box.h) / 1080}}},
                       {"zones", json::array()},
                       {"attributes", json::object()}});
  }
  return json{{"v", 1},
              {"session", sample.session.text()},
              {"generation", 1},
              {"sequence", 1841},
              {"frameId", detection.frame_id},
              {"tsCapture", iso8601_utc(detection.capture_wall_ns)},
              {"tsPublish", iso8601_utc(detection.capture_wall_ns)},
              {"ageMs", 41.7},
              {"inferMs", 31.2},
              {"width", detection.width},
              {"height", detection.height},
              {"model", {{"name", sample.model.name}, {"sha256", sample.model.sha256}}},
              {"objects", std::move(objects)}}
      .dump();
}

/// Median microseconds of one call over several batches.
template <class Call>
double microseconds(int calls, Call call) {
  std::vector<double> batches;
  for (int batch = 0; batch < 9; ++batch) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) call();
    const std::chrono::duration<double, std::micro> took = Clock::now() - start;
    batches.push_back(took.count() / calls);
  }
  std::nth_element(batches.begin(), batches.begin() + 4, batches.end());
  return batches[4];
}

void measure_writing(int calls) {
  std::printf("| objects | bytes | appended us | tree and dump us |\n|---|---|---|---|\n");
  std::size_t bytes = 0;
  std::size_t tree_bytes = 0;  // printed nowhere, but what is made must not be optimised away
  for (const std::size_t objects : {0U, 1U, 10U, 100U, 300U}) {
    const Sample sample{objects};
    const int batch = std::max(calls / static_cast<int>(objects + 1), 1);
    const double appended = microseconds(
        batch, [&] { bytes = detection_tail(sample.event(), {}, monotonic_ns()).size(); });
    const double tree = microseconds(batch, [&] { tree_bytes += dumped(sample).size(); });
    std::printf("| %zu | %zu | %.2f | %.2f |\n", objects, bytes, appended, tree);
  }
  if (tree_bytes == 0) std::printf("nothing was written\n");
}

void measure_offering(int calls) {
  std::printf("\n| streams | us for one result of 10 objects, written and offered |\n|---|---|\n");
  const Sample sample{10};
  for (const std::size_t streams : {1U, 10U, 100U, 1000U}) {
    Hub hub;
    std::vector<std::shared_ptr<Stream>> all;
    std::vector<Hub::Subscription> subscriptions;
    for (std::size_t i = 0; i < streams; ++i) {
      all.push_back(std::make_shared<Stream>("s1", StreamFilter{}, [] {}));
      subscriptions.push_back(hub.add(all.back()));
    }
    const double took = microseconds(std::max(calls / static_cast<int>(streams), 1), [&] {
      hub.publish(sample.event());
      for (const auto& stream : all) {
        (void)stream->take(monotonic_ns());
        stream->written(kNsPerMs);
      }
    });
    std::printf("| %zu | %.1f |\n", streams, took);
  }
}

}  // namespace
}  // namespace bulkhead::supervisor

int main(int argc, char** argv) {
  const bool is_smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  const int calls = is_smoke ? 100 : 20'000;
  bulkhead::supervisor::measure_writing(calls);
  bulkhead::supervisor::measure_offering(calls);
}
