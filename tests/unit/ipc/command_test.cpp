#include "ipc/command.hpp"

#include <gtest/gtest.h>

#include <random>
#include <variant>
#include <vector>

#include "common/limits.hpp"
#include "ipc/wire_format.hpp"

namespace bulkhead::ipc {
namespace {

std::vector<std::byte> encoded(const Command& command) {
  std::vector<std::byte> bytes;
  encode(command, bytes);
  return bytes;
}

Command command_of(CommandBody body) {
  return Command{.request_id = 3, .deadline_ns = 1'000, .body = std::move(body)};
}

ZoneSpec gate() {
  ZoneSpec zone;
  zone.name = "Tür \"\xC2\x85\\\"";  // with a control character of Latin 1
  zone.is_line = true;
  zone.points = {{0.5F, 0.1F}, {0.5F, 0.9F}};
  return zone;
}

TEST(Command, CarriesEachBody) {
  const auto stop = decode_command(encoded(command_of(Stop{})));
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->request_id, 3U);
  EXPECT_EQ(stop->deadline_ns, 1'000);
  EXPECT_TRUE(std::holds_alternative<Stop>(stop->body));

  const auto snapshot = decode_command(encoded(command_of(TakeSnapshot{.quality = 70})));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(std::get<TakeSnapshot>(snapshot->body).quality, 70);

  const auto level = decode_command(encoded(command_of(SetLogLevel{.level = "debug"})));
  ASSERT_TRUE(level);
  EXPECT_EQ(std::get<SetLogLevel>(level->body).level, "debug");

  const RtspSession left{.id = "4F2A01BC", .path = "/live"};
  const auto open = decode_command(encoded(command_of(OpenCamera{.left = left})));
  ASSERT_TRUE(open);
  EXPECT_EQ(std::get<OpenCamera>(open->body).left, left);
  EXPECT_FALSE(
      std::get<OpenCamera>(decode_command(encoded(command_of(OpenCamera{.left = {}})))->body).left);

  const FrameRules frames{.every_n = 3,
                          .motion = MotionRule{.min_area = 0.01F, .floor_fps = 0.5},
                          .region = Region{.x_min = 0.25F},
                          .masks = {{{0, 0}, {1, 0}, {1, 0.3F}}}};
  const std::vector<ClassThreshold> per_class{{"car", std::nullopt, 0.3F}, {"person", 0.6F, 0}};
  const auto tuning = decode_command(encoded(command_of(Reconfigure{.min_confidence = 0.4F,
                                                                    .nms_iou = 0.5F,
                                                                    .classes = {"person", "car"},
                                                                    .max_fps = 12.5F,
                                                                    .track = true,
                                                                    .zones = {gate()},
                                                                    .track_updates = true,
                                                                    .per_class = per_class,
                                                                    .frames = frames})));
  ASSERT_TRUE(tuning);
  const auto& got = std::get<Reconfigure>(tuning->body);
  EXPECT_EQ(got.min_confidence, 0.4F);
  EXPECT_EQ(got.nms_iou, 0.5F);
  EXPECT_EQ(got.classes, (std::vector<std::string>{"person", "car"}));
  EXPECT_EQ(got.max_fps, 12.5F);
  EXPECT_TRUE(got.track);
  EXPECT_EQ(got.zones, (std::vector<ZoneSpec>{gate()}));
  EXPECT_TRUE(got.track_updates);
  EXPECT_EQ(got.per_class, per_class);
  EXPECT_EQ(got.frames, frames);

  const auto usual = decode_command(encoded(command_of(Reconfigure{.nms_iou = {}, .classes = {}})));
  ASSERT_TRUE(usual);
  EXPECT_EQ(std::get<Reconfigure>(usual->body).nms_iou, std::nullopt);
}

TEST(Command, ZonesThatMakeNoSenseAreRefusedAsTheyAreEverywhere) {
  ZoneSpec nowhere = gate();
  nowhere.points[1] = nowhere.points[0];
  const auto decoded = decode_command(
      encoded(command_of(Reconfigure{.nms_iou = {}, .classes = {}, .zones = {nowhere}})));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().field, "zones");
}

TEST(Command, FramesAndClassesThatMakeNoSenseAreRefusedAsTheyAreEverywhere) {
  const auto field_of = [](const std::vector<ClassThreshold>& per_class, const FrameRules& frames) {
    const auto decoded = decode_command(encoded(command_of(
        Reconfigure{.nms_iou = {}, .classes = {}, .per_class = per_class, .frames = frames})));
    return decoded ? std::string{} : decoded.error().field;
  };
  EXPECT_EQ(field_of({}, {}), "");
  EXPECT_EQ(field_of({}, {.every_n = 0, .motion = {}, .region = {}, .masks = {}}), "frames");
  EXPECT_EQ(field_of({}, {.every_n = 1, .motion = {}, .region = {}, .masks = {{{0, 0}}}}),
            "frames");
  EXPECT_EQ(field_of({{"car", 1, 0}}, {}), "");
  EXPECT_EQ(field_of({{"car", 1.01F, std::nullopt}}, {}), "per_class");
  EXPECT_EQ(field_of({{"car", std::nullopt, -0.5F}}, {}), "per_class");
}

TEST(Command, DecidesThresholdsAndARateAtTheirLimits) {
  const auto is_taken = [](const Reconfigure& tuning) {
    return decode_command(encoded(command_of(tuning))).has_value();
  };
  EXPECT_TRUE(is_taken({.min_confidence = 1, .nms_iou = 1, .classes = {}, .max_fps = 1000}));
  EXPECT_TRUE(is_taken({.min_confidence = 0, .nms_iou = 0, .classes = {}, .max_fps = 0}));
  EXPECT_FALSE(is_taken({.min_confidence = 1.01F, .nms_iou = {}, .classes = {}}));
  EXPECT_FALSE(is_taken({.nms_iou = 1.01F, .classes = {}}));
  EXPECT_FALSE(is_taken({.nms_iou = -0.5F, .classes = {}}));
  EXPECT_FALSE(is_taken({.nms_iou = {}, .classes = {}, .max_fps = 1001}));
}

TEST(Command, DecidesAWhileOfDebugAtItsLimits) {
  const auto is_taken = [](std::uint16_t seconds) {
    const DebugGst debug{.categories = "rtspsrc:6", .seconds = seconds};
    return decode_command(encoded(command_of(debug))).has_value();
  };
  const auto debug = decode_command(encoded(command_of(DebugGst{"rtspsrc:6", 30})));
  ASSERT_TRUE(debug);
  EXPECT_EQ(std::get<DebugGst>(debug->body).categories, "rtspsrc:6");
  EXPECT_EQ(std::get<DebugGst>(debug->body).seconds, 30);
  const auto count = decode_command(encoded(command_of(CountResults{7'000})));
  ASSERT_TRUE(count);
  EXPECT_EQ(std::get<CountResults>(count->body).after_capture_ns, 7'000);
  EXPECT_FALSE(decode_command(encoded(command_of(CountResults{-1}))));
  EXPECT_TRUE(is_taken(1));
  EXPECT_TRUE(is_taken(300));
  EXPECT_FALSE(is_taken(0));
  EXPECT_FALSE(is_taken(301));
}

StartCanary start_of(const std::string& model, std::uint32_t every_n) {
  StartCanary start;
  start.pipeline.name = "yard";
  start.pipeline.detect.model = model;
  start.every_n = every_n;
  return start;
}

TEST(Command, CarriesACanaryWithItsPipelineAndTheEndOfOne) {
  StartCanary start = start_of("yolo11s.onnx", 7);
  start.pipeline.detect.per_class = {{"person", 0.6F, std::nullopt}};
  start.pipeline.frames.region = Region{.x_min = 0.25F};
  const auto decoded = decode_command(encoded(command_of(start)));
  ASSERT_TRUE(decoded) << decoded.error().message;
  const auto& got = std::get<StartCanary>(decoded->body);
  EXPECT_EQ(got.every_n, 7U);
  EXPECT_EQ(got.pipeline, start.pipeline);
  const auto stop = decode_command(encoded(command_of(StopCanary{})));
  ASSERT_TRUE(stop);
  EXPECT_TRUE(std::holds_alternative<StopCanary>(stop->body));
}

TEST(Command, DecidesACanarysShareOfFramesAtItsLimitsAndRefusesAPipelineThatIsNone) {
  const auto is_taken = [](std::uint32_t every_n, const std::string& model) {
    return decode_command(encoded(command_of(start_of(model, every_n)))).has_value();
  };
  EXPECT_TRUE(is_taken(1, "m.onnx"));
  EXPECT_TRUE(is_taken(10'000, "m.onnx"));
  EXPECT_FALSE(is_taken(0, "m.onnx"));
  EXPECT_FALSE(is_taken(10'001, "m.onnx"));
  EXPECT_FALSE(is_taken(1, ""));
}

TEST(Command, CarriesAContextAndDecidesItAtItsLimits) {
  const auto field_of = [](const SessionContext& context) {
    const auto decoded = decode_command(encoded(command_of(SetContext{context})));
    if (decoded) {
      EXPECT_EQ(std::get<SetContext>(decoded->body).context, context);
    }
    return decoded ? std::string{} : decoded.error().field;
  };
  const SessionContext longest{.id = std::string(limits::kContextBytes, 'c'),
                               .stage = std::string(limits::kContextStageBytes, 's')};
  EXPECT_EQ(field_of({}), "");
  EXPECT_EQ(field_of(longest), "");
  EXPECT_EQ(field_of({.stage = "paid"}), "stage") << "of no context";
  // One more byte than the first text may have.
  std::vector<std::byte> bytes;
  WireWriter writer{bytes};
  writer.u64(1);
  writer.i64(0);
  writer.u8(9);
  writer.text(longest.id + 'c', limits::kContextBytes + 1);
  writer.text("", 0);
  EXPECT_EQ(decode_command(bytes).error().field, "context");
}

TEST(Command, DecidesAQualityAtItsLimits) {
  EXPECT_TRUE(decode_command(encoded(command_of(TakeSnapshot{.quality = 1}))));
  EXPECT_TRUE(decode_command(encoded(command_of(TakeSnapshot{.quality = 100}))));
  EXPECT_FALSE(decode_command(encoded(command_of(TakeSnapshot{.quality = 0}))));
  EXPECT_FALSE(decode_command(encoded(command_of(TakeSnapshot{.quality = 101}))));
}

TEST(Command, IsCorruptWhenCutOrExtended) {
  for (const CommandBody& body :
       {CommandBody{Stop{}}, CommandBody{TakeSnapshot{}}, CommandBody{SetLogLevel{"warn"}},
        CommandBody{Reconfigure{.nms_iou = {}, .classes = {"car"}}},
        CommandBody{DebugGst{"a:1", 1}}, CommandBody{CountResults{1}}, CommandBody{StopCanary{}},
        CommandBody{SetContext{{"c", "s"}}}}) {
    auto bytes = encoded(command_of(body));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_command(std::span{bytes}.first(size)));
    }
    bytes.push_back(std::byte{0});
    const auto decoded = decode_command(bytes);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
  }
}

TEST(Command, IsRefusedOrReadableWhateverItsBytes) {
  std::mt19937 random{7};
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = encoded(command_of(SetLogLevel{.level = "debug"}));
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto decoded = decode_command(bytes);
    if (!decoded) {
      ASSERT_EQ(decoded.error().code, ErrorCode::Corrupt);
      continue;
    }
    ASSERT_GE(decoded->deadline_ns, 0);
  }
}

}  // namespace
}  // namespace bulkhead::ipc
