#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::test {

/// One object of a made-up detection.
struct SeenThing {
  std::string label = "car";
  std::uint32_t track = 0;
  double confidence = 0.9;
  std::vector<std::string> zones = {};
  std::vector<std::pair<std::string, std::string>> attributes = {};
};

inline nlohmann::json json_of(const SeenThing& thing) {
  nlohmann::json object{
      {"id", "1-1-0"},
      {"label", thing.label},
      {"labelId", 2},
      {"confidence", thing.confidence},
      {"bbox", {{"x", 411.5}, {"y", 220}, {"w", 310}, {"h", 180.1}}},
      {"bboxNorm", {{"xMin", 0.21432}, {"yMin", 0.20412}, {"xMax", 0.37511}, {"yMax", 0.37}}},
      {"zones", thing.zones},
      {"attributes", nlohmann::json::object()}};
  if (thing.track != 0) object["trackId"] = thing.track;
  for (const auto& [name, label] : thing.attributes) {
    object["attributes"][name] = {{"label", label}, {"confidence", 0.84}, {"model", "x"}};
  }
  return object;
}

/// The result of one frame, as clients get it (DESIGN §5).
inline worker::SinkRecord detection(const std::string& session, Sequence sequence,
                                    std::int64_t time_ns, const std::vector<SeenThing>& things,
                                    Generation generation = 1) {
  nlohmann::json message{{"v", 1},
                         {"session", session},
                         {"generation", generation},
                         {"sequence", sequence},
                         {"frameId", sequence},
                         {"tsCapture", iso8601_utc(time_ns)},
                         {"tsPublish", iso8601_utc(time_ns + kNsPerMs)},
                         {"ageMs", 41.7},
                         {"inferMs", 31.2},
                         {"width", 1920},
                         {"height", 1080},
                         {"model", {{"name", "yolo11n"}, {"sha256", std::string(64, 'a')}}},
                         {"objects", nlohmann::json::array()}};
  for (const SeenThing& thing : things) message["objects"].push_back(json_of(thing));
  return {.generation = generation,
          .sequence = sequence,
          .priority = things.empty() ? ipc::PriorityClass::Bulk : ipc::PriorityClass::Important,
          .time_ns = time_ns,
          .json = message.dump()};
}

inline worker::SinkRecord event(const std::string& session, Sequence sequence, std::int64_t time_ns,
                                const nlohmann::json& members) {
  nlohmann::json message{{"v", 1},
                         {"session", session},
                         {"generation", 1},
                         {"sequence", sequence},
                         {"tsCapture", iso8601_utc(time_ns)}};
  message.update(members);
  return {.generation = 1,
          .sequence = sequence,
          .kind = worker::RecordKind::Event,
          .priority = ipc::PriorityClass::Critical,
          .time_ns = time_ns,
          .json = message.dump()};
}

}  // namespace bulkhead::test
