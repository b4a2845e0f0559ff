#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "common/limits.hpp"
#include "ipc/record.hpp"
#include "ipc/wire_format.hpp"
#include "tests/unit/ipc/record_samples.hpp"

namespace bulkhead::ipc {
namespace {

// Kinds on the wire.
constexpr std::uint8_t kDetection = 0;
constexpr std::uint8_t kModelLoaded = 3;
constexpr std::uint8_t kFatal = 4;
constexpr std::uint8_t kConfined = 7;
constexpr std::uint8_t kRtspSessionChange = 9;
constexpr std::uint8_t kZonesInEffect = 10;
constexpr std::uint8_t kEvent = 11;
constexpr std::uint8_t kResultsEnded = 12;
constexpr std::uint8_t kCanaryReport = 13;

/// The start of a record, to go on with fields that `encode` would never write.
WireWriter begin_record(std::vector<std::byte>& bytes, std::uint8_t kind) {
  WireWriter writer{bytes};
  writer.u64(1);
  writer.i64(0);
  writer.i64(0);
  writer.u8(kind);
  return writer;
}

void expect_corrupt(const std::vector<std::byte>& bytes, const std::string& field) {
  const auto decoded = decode_record(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
  EXPECT_EQ(decoded.error().field, field);
}

TEST(HostileRecord, IsCorruptWhenCutAnywhere) {
  for (const Record& record : sample_records()) {
    const auto whole = encoded(record);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto decoded = decode_record(std::span{whole}.first(size));
      ASSERT_FALSE(decoded) << "kind " << record.body.index() << " cut at " << size;
      EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
    }
  }
}

TEST(HostileRecord, IsCorruptWithBytesAfterItsEnd) {
  for (const Record& record : sample_records()) {
    auto bytes = encoded(record);
    bytes.push_back(std::byte{0});
    expect_corrupt(bytes, "message");
  }
}

TEST(HostileRecord, IsCorruptWithAnUnknownKind) {
  std::vector<std::byte> bytes;
  begin_record(bytes, kCanaryReport + 1);
  expect_corrupt(bytes, "kind");
}

TEST(HostileRecord, IsCorruptWhereACanaryReportContradictsItself) {
  const auto corrupt = [](const std::function<void(CanaryReport&)>& change,
                          const std::string& field) {
    CanaryReport report = sample_canary_report();
    change(report);
    expect_corrupt(encoded(record_of(report)), field);
  };
  corrupt([](auto& report) { report.frames_with_objects = report.frames + 1; },
          "frames_with_objects");
  corrupt([](auto& report) { report.agreement = 1.01F; }, "agreement");
  corrupt([](auto& report) { report.agreement = std::nanf(""); }, "agreement");
  corrupt([](auto& report) { report.sha256.clear(); }, "sha256");
  corrupt([](auto& report) { report.sha256[0] = 'X'; }, "sha256");
  corrupt([](auto& report) { report.reason = ErrorCode::Timeout; }, "reason");
  corrupt([](auto& report) { report.phase = CanaryPhase::Failed; }, "reason");
  corrupt([](auto& report) { report.phase = static_cast<CanaryPhase>(3); }, "phase");
}

TEST(HostileRecord, IsCorruptWithOneZoneTooManyOrOneWithoutAName) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kZonesInEffect);
  writer.count(limits::kZones + 1, limits::kZones + 1);
  for (std::size_t i = 0; i <= limits::kZones; ++i) writer.text("z", limits::kLabelBytes);
  expect_corrupt(bytes, "zones");

  WireWriter nameless = begin_record(bytes, kZonesInEffect);
  nameless.count(2, 2);
  nameless.text("z", limits::kLabelBytes);
  nameless.text("", limits::kLabelBytes);
  expect_corrupt(bytes, "zones");

  WireWriter long_name = begin_record(bytes, kZonesInEffect);
  long_name.count(1, 1);
  long_name.text(std::string(limits::kLabelBytes + 1, 'z'), limits::kLabelBytes + 1);
  expect_corrupt(bytes, "zones");
}

TEST(HostileRecord, IsCorruptWithAnEventThatCannotBe) {
  const auto expect_refused = [](const std::string& field, const auto& change) {
    Event event = sample_event();
    change(event);
    expect_corrupt(encoded(record_of(event)), field);
  };
  expect_refused("kind of event", [](Event& e) { e.kind = static_cast<EventKind>(kEventKinds); });
  expect_refused("direction", [](Event& e) { e.direction = static_cast<Direction>(3); });
  expect_refused("reason", [](Event& e) { e.reason = static_cast<EventReason>(3); });
  expect_refused("capture_wall_ns", [](Event& e) { e.capture_wall_ns = -1; });
  expect_refused("width", [](Event& e) { e.width = 0; });
  expect_refused("height", [](Event& e) { e.height = limits::kFrameSide + 1; });
  expect_refused("zone", [](Event& e) { e.zone.clear(); });
  expect_refused("zone", [](Event& e) {
    e.kind = EventKind::TrackNew;  // with a zone
    e.direction = Direction::None;
  });
  expect_refused("direction", [](Event& e) { e.direction = Direction::None; });
  expect_refused("direction", [](Event& e) { e.kind = EventKind::ZoneEnter; });
  expect_refused("count", [](Event& e) { e.count = limits::kTracks + 1; });
  expect_refused("objects.confidence", [](Event& e) { e.object.confidence = 1.5F; });
  expect_refused("objects.box.w", [](Event& e) { e.object.box.w = -1; });
  expect_refused("objects.label_id", [](Event& e) { e.object.label_id = limits::kLabels; });
}

TEST(HostileRecord, IsCorruptWithAnEventWhosePictureIsNeitherThereNorNot) {
  Event event = sample_event();
  event.context = {};
  std::vector<std::byte> bytes = encoded(record_of(event));
  bytes[bytes.size() - 2 * sizeof(std::uint32_t) - 1] = std::byte{2};  // before two empty texts
  expect_corrupt(bytes, "has_snapshot");
}

TEST(HostileRecord, IsCorruptAsAPatchOfItselfOrOfALaterResult) {
  for (const Sequence patched : {7U, 8U}) {
    Detection detection = sample_detection();
    detection.patch_of = patched;
    expect_corrupt(encoded(record_of(detection)), "patch_of");
  }
}

TEST(HostileRecord, IsCorruptWithAStageOfNoContext) {
  Detection detection = sample_detection();
  detection.context.id.clear();
  expect_corrupt(encoded(record_of(detection)), "stage");
  Event event = sample_event();
  event.context = {.id = {}, .stage = "paid"};
  expect_corrupt(encoded(record_of(event)), "stage");
}

TEST(HostileRecord, IsCorruptWithAContextOneByteTooLong) {
  Detection detection = sample_detection();
  detection.objects.clear();
  detection.context = {.id = std::string(limits::kContextBytes, 'c'), .stage = {}};
  std::vector<std::byte> bytes = encoded(record_of(detection));
  EXPECT_TRUE(decode_record(bytes));
  // Its count of bytes lies before it, an empty text and the number of the patch behind it.
  const std::size_t count = bytes.size() - 8 - 4 - limits::kContextBytes - 4;
  bytes[count] = std::byte{limits::kContextBytes + 1};
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(count) + 4, std::byte{'c'});
  expect_corrupt(bytes, "context");
}

TEST(HostileRecord, IsCorruptWithASessionThatIsNeitherThereNorNot) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kRtspSessionChange);
  writer.u8(2);
  expect_corrupt(bytes, "session");
}

TEST(HostileRecord, IsCorruptWithASessionIdOneByteTooLong) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kRtspSessionChange);
  writer.u8(1);
  writer.text(std::string(limits::kRtspSessionIdBytes + 1, '1'), limits::kRtspSessionIdBytes + 1);
  writer.text("/a", limits::kUrlChars);
  expect_corrupt(bytes, "id");
}

TEST(HostileRecord, IsCorruptWithOneObjectTooMany) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kDetection);
  writer.u64(1);
  writer.i64(1);
  writer.i64(1);
  writer.i64(1);
  writer.u32(1);
  writer.u32(640);
  writer.u32(480);
  writer.u32(limits::kObjectsPerFrame + 1);
  bytes.resize(bytes.size() + (limits::kObjectsPerFrame + 1) * 26);
  expect_corrupt(bytes, "objects");
}

TEST(HostileRecord, IsCorruptWithACountThatItsBytesCannotHold) {
  Detection detection = sample_detection();
  detection.context = {};
  auto bytes = encoded(record_of(detection));
  bytes.resize(bytes.size() - 26);  // less than the objects that are counted
  expect_corrupt(bytes, "objects");
}

TEST(HostileRecord, IsCorruptWithOneLabelTooMany) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kModelLoaded);
  writer.text("m", 1);
  writer.text(std::string(kSha256Digits, '0'), kSha256Digits);
  writer.text("f", 1);
  writer.text("e", 1);
  writer.u32(640);
  writer.u32(640);
  writer.u32(limits::kLabels + 1);
  for (std::size_t i = 0; i <= limits::kLabels; ++i) writer.text("", 0);
  writer.u32(1);
  expect_corrupt(bytes, "labels");
}

/// A confinement whose numbers a worker chose.
std::vector<std::byte> confinement(std::uint8_t filter, std::uint8_t has_ports, std::uint32_t ports,
                                   std::uint32_t gaps) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kConfined);
  writer.u32(7);
  writer.u8(filter);
  writer.u32(0);
  writer.u8(has_ports);
  writer.u32(ports);
  for (std::uint32_t i = 0; i < ports; ++i) writer.u16(554);
  writer.u32(gaps);
  for (std::uint32_t i = 0; i < gaps; ++i) writer.text("x", 1);
  return bytes;
}

TEST(HostileRecord, IsCorruptWithAConfinementPastItsLimits) {
  EXPECT_TRUE(decode_record(confinement(1, 1, limits::kConfinedPorts, limits::kConfinementGaps)));
  expect_corrupt(confinement(2, 1, 0, 0), "syscall_filter");
  expect_corrupt(confinement(1, 2, 0, 0), "has_tcp_ports");
  expect_corrupt(confinement(1, 0, 1, 0), "tcp_ports");
  expect_corrupt(confinement(1, 1, limits::kConfinedPorts + 1, 0), "tcp_ports");
  expect_corrupt(confinement(1, 1, 1, limits::kConfinementGaps + 1), "missing");
}

TEST(HostileRecord, IsCorruptWithATextOneByteTooLong) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kFatal);
  writer.u16(0);
  writer.text(std::string(limits::kReasonBytes + 1, 'x'), limits::kReasonBytes + 1);
  expect_corrupt(bytes, "text");
}

TEST(HostileRecord, IsCorruptWithALengthNearTheEndOfNumbers) {
  std::vector<std::byte> bytes;
  WireWriter writer = begin_record(bytes, kFatal);
  writer.u16(0);
  writer.u32(0xFFFFFFFF);
  expect_corrupt(bytes, "text");
}

void expect_harmless(const Record& record) {
  ASSERT_GT(record.sequence, 0U);
  ASSERT_GE(record.publish_ns, 0);
  if (const auto* detection = std::get_if<Detection>(&record.body)) {
    ASSERT_LE(detection->objects.size(), limits::kObjectsPerFrame);
    ASSERT_GT(detection->width, 0U);
    for (const Object& object : detection->objects) {
      ASSERT_TRUE(std::isfinite(object.box.x + object.box.y + object.box.w + object.box.h));
      ASSERT_TRUE(object.confidence >= 0 && object.confidence <= 1);
    }
  }
  if (const auto* fatal = std::get_if<Fatal>(&record.body)) {
    ASSERT_LE(fatal->text.size(), limits::kReasonBytes);
    for (const char c : fatal->text) ASSERT_FALSE(c >= 0 && c < 0x20);
  }
  // What was accepted once is accepted again: a hub may pass it on.
  ASSERT_TRUE(decode_record(encoded(record)));
}

TEST(HostileRecord, HasNoContextThatCouldForgeALine) {
  Detection detection = sample_detection();
  detection.context.id = "a\nb";
  const auto decoded = decode_record(encoded(record_of(detection)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Detection>(decoded->body).context.id, "a\\x0ab");
}

TEST(HostileRecord, IsRefusedOrHarmlessWhateverItsBytes) {
  std::mt19937 random{20260105};
  const auto samples = sample_records();
  int accepted = 0;
  constexpr int kRounds = 60'000;
  for (int round = 0; round < kRounds; ++round) {
    auto bytes = encoded(samples[random() % samples.size()]);
    const auto changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    if (random() % 8 == 0) bytes.resize(random() % (2 * bytes.size()));
    const auto decoded = decode_record(bytes);
    if (!decoded) {
      ASSERT_EQ(decoded.error().code, ErrorCode::Corrupt);
      ASSERT_FALSE(decoded.error().field.empty());
      continue;
    }
    ++accepted;
    ASSERT_NO_FATAL_FAILURE(expect_harmless(*decoded)) << "round " << round;
  }
  // Both ways were taken often, so the loop tested something.
  EXPECT_GT(accepted, kRounds / 20);
  EXPECT_LT(accepted, kRounds * 19 / 20);
}

TEST(HostileRecord, IsRefusedOrHarmlessWhenAllNoise) {
  std::mt19937 random{42};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes(random() % 300);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    // A plausible start, so that the noise reaches a body.
    if (bytes.size() > 24) {
      for (const std::size_t sign : {15U, 23U}) bytes[sign] &= std::byte{0x7F};
      bytes[24] = static_cast<std::byte>(random() % 6);
    }
    if (const auto decoded = decode_record(bytes)) {
      ASSERT_NO_FATAL_FAILURE(expect_harmless(*decoded));
    }
  }
}

}  // namespace
}  // namespace bulkhead::ipc
