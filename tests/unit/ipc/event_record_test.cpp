#include "ipc/wire_event.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "common/limits.hpp"
#include "ipc/record.hpp"
#include "tests/unit/ipc/record_samples.hpp"

namespace bulkhead::ipc {
namespace {

TEST(EventRecord, AnEventAndTheNamesOfZonesComeOutAsTheyWentIn) {
  const Event asked = sample_event();
  const Event event = round_trip(asked);
  EXPECT_EQ(event.kind, asked.kind);
  EXPECT_EQ(event.direction, asked.direction);
  EXPECT_EQ(event.frame_id, asked.frame_id);
  EXPECT_EQ(event.capture_wall_ns, asked.capture_wall_ns);
  EXPECT_EQ(event.width, asked.width);
  EXPECT_EQ(event.zone, asked.zone);
  EXPECT_EQ(event.object.track_id, asked.object.track_id);
  EXPECT_EQ(event.object.zones, asked.object.zones);
  EXPECT_EQ(event.dwell_ms, asked.dwell_ms);
  EXPECT_EQ(event.count, asked.count);
  EXPECT_TRUE(event.has_snapshot);
  const auto zones = round_trip(ZonesInEffect{.names = {"a", "b"}});
  EXPECT_EQ(zones.names, (std::vector<std::string>{"a", "b"}));
}

TEST(EventRecord, AnEventHasRoomForWhatEveryStageSaysOfItsObject) {
  constexpr std::size_t kHeaderBytes = 8 + 8 + 8 + 1;
  Event event = sample_event();
  event.zone.assign(limits::kLabelBytes, 'z');
  event.context = {.id = std::string(limits::kContextBytes, 'c'),
                   .stage = std::string(limits::kContextStageBytes, 's')};
  auto& attributes = event.object.attributes;
  const std::string longest(limits::kLabelBytes, 'x');
  for (std::size_t stage = 0; stage < limits::kPipelineStages; ++stage) {
    attributes.push_back({static_cast<std::uint8_t>(stage), longest, 1, Box{0, 0, 1, 1}});
  }
  const std::vector<std::byte> bytes = encoded(record_of(event));
  EXPECT_EQ(bytes.size(), kHeaderBytes + kLongestEventBytes);
  const auto decoded = decode_record(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  const auto& got = std::get<Event>(decoded->body).object.attributes;
  ASSERT_EQ(got.size(), limits::kPipelineStages);
  EXPECT_EQ(got.back().text, longest);
  EXPECT_TRUE(got.back().box);
  attributes.back().stage = limits::kPipelineStages;
  const auto past = decode_record(encoded(record_of(event)));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().field, "objects.attributes.stage");
}

}  // namespace
}  // namespace bulkhead::ipc
