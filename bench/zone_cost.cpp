// Question: what do zones cost a frame? So many tracked people walk through a picture with 32 zones
// of 64 corners each, which overlap; median and slowest of all frames, tracking not included.
//
//   bench_zone_cost [--smoke]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "bench/must.hpp"
#include "common/clock.hpp"
#include "common/limits.hpp"
#include "worker/zone/scene_stage.hpp"

namespace {

using namespace bulkhead;
using bench::fail;

constexpr float kWidth = 1920;
constexpr float kHeight = 1080;
constexpr std::int64_t kFrameNs = kNsPerSecond / 10;

/// Round zones all over the picture.
std::vector<ZoneSpec> round_zones() {
  std::vector<ZoneSpec> zones(limits::kZones);
  for (std::size_t i = 0; i < zones.size(); ++i) {
    zones[i].name = "zone " + std::to_string(i);
    zones[i].dwell_seconds = 5;
    const double x = 0.2 + 0.6 * static_cast<double>(i % 8) / 7;
    const double y = 0.2 + 0.6 * static_cast<double>(i / 8) / 3;
    for (std::size_t k = 0; k < limits::kZonePoints; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k) / limits::kZonePoints;
      zones[i].points.push_back({static_cast<float>(x + 0.2 * std::cos(angle)),
                                 static_cast<float>(y + 0.2 * std::sin(angle))});
    }
  }
  return zones;
}

/// People in rows, each row walking at its own pace, back to the left where the picture ends.
std::vector<Object> people(std::size_t count, int frame) {
  std::vector<Object> objects(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<float>(i / 10);
    const float x = static_cast<float>(i % 10) * 190 + static_cast<float>(frame) * (2 + row);
    const float y = row * kHeight / (static_cast<float>(count) / 10 + 1);
    objects[i] = {.box = {std::fmod(x, kWidth - 60), y, 60, 150}, .confidence = 0.9F};
  }
  return objects;
}

void measure(std::size_t count, int frames) {
  worker::TrackStage tracks{{.min_confidence = 0.3F}};
  worker::SceneStage scene{{.zones = round_zones()}, {"person"}};
  std::vector<double> us;
  std::size_t events = 0;
  std::size_t inside = 0;
  for (int i = 1; i <= frames; ++i) {
    worker::Frame frame;
    frame.id = static_cast<std::uint64_t>(i);
    frame.arrival_ns = i * kFrameNs;
    frame.width = static_cast<std::uint32_t>(kWidth);
    frame.height = static_cast<std::uint32_t>(kHeight);
    std::vector<Object> objects = people(count, i);
    tracks.track(frame, objects);
    const std::int64_t begin_ns = monotonic_ns();
    events += scene.observe(frame, tracks, objects).size();
    us.push_back(static_cast<double>(monotonic_ns() - begin_ns) / 1e3);
    for (const Object& object : objects) inside += object.zones != 0 ? 1 : 0;
  }
  if (events == 0 || inside == 0) fail("nobody came to a zone");
  std::ranges::sort(us);
  std::printf("| %zu | %.1f | %.1f | %.1f | %.1f |\n", count, us[us.size() / 2],
              us[us.size() * 99 / 100], us.back(),
              static_cast<double>(events) / static_cast<double>(frames));
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::string_view{argv[1]} == "--smoke";
  std::printf("| objects | median us | p99 us | slowest us | events a frame |\n");
  std::printf("| --- | --- | --- | --- | --- |\n");
  for (const std::size_t count : {std::size_t{10}, std::size_t{50}, std::size_t{300}}) {
    measure(count, smoke ? 50 : 2000);
  }
}
