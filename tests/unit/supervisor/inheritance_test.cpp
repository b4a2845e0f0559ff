#include "supervisor/upgrade/inheritance.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "ipc/layout_version.hpp"
#include "supervisor/upgrade/sealed_memory.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

ZoneLists zones() {
  ZoneLists lists;
  lists.take(42, {"entry", "gate"});
  return lists;
}

WaitingEvents waiting_events() {
  WaitingEvents waiting;
  const ipc::Event entered{.kind = EventKind::ZoneEnter,
                           .frame_id = 3,
                           .width = 640,
                           .height = 480,
                           .zone = "entry",
                           .object = {}};
  EXPECT_TRUE(waiting.add(
      {.priority = ipc::PriorityClass::Critical, .record = {.sequence = 44, .body = entered}}));
  return waiting;
}

Incarnation::Carried worker() {
  return {.link = {.process = {.pid = 77, .exit_fd = 10, .cgroup = 3},
                   .segment_fd = 11,
                   .control_fd = 12,
                   .command_doorbell_fd = 13,
                   .result_doorbell_fd = 14,
                   .commands = 4096,
                   .results = {8, 16, std::uint64_t{1} << 40, 32}},
          .generation = 4,
          .started_ns = 5,
          .started_wall_ns = 6,
          .model_loaded_ns = 7,
          .model = ModelCard{.name = "yolo11n",
                             .sha256 = std::string(64, 'a'),
                             .family = "yolov8",
                             .engine = "onnxruntime",
                             .input_width = 416,
                             .input_height = 416,
                             .labels = {"person", "car"}},
          .confinement = ipc::Confined{.landlock = 7,
                                       .syscall_filter = true,
                                       .uid = 65534,
                                       .tcp_ports = std::vector<std::uint16_t>{554},
                                       .missing = {"nothing"}},
          .alerts = {{.kind = ipc::AlertKind::DarkPicture, .since_wall_ns = 8, .text = "dark"}},
          .rtsp_session = RtspSession{.id = "4711", .path = "/stream/"},
          .zones = zones(),
          .waiting_events = waiting_events(),
          .results_received_total = 9,
          .results_expired_total = 1,
          .waits_to_connect = true};
}

CarriedSession session() {
  SessionSpec spec{.id = *SubscriptionId::parse("display-1;cam-1"),
                   .url = *RtspUrl::parse("rtsp://viewer:s3cret@192.0.2.7/stream"),
                   .pipeline = PipelineSpec{},
                   .pipeline_name = "people"};
  spec.pipeline->name = "people";
  spec.pipeline->detect.model = "yolo11n";
  SessionSpec asked = spec;
  asked.pipeline->detect.model = "yolo11s";
  return {.spec = spec,
          .context = {.id = "shop-17", .stage = "paid"},
          .asked = asked,
          .condition = {.state = SessionState::Degraded, .reason = ErrorCode::Stalled},
          .reason_text = "slow",
          .since_wall_ns = 1,
          .generation = 4,
          .last_generation = 5,
          .worker = worker(),
          .left_session = RtspSession{.id = "12", .path = ""},
          .alerts = {},
          .restarts_total = 3,
          .restarts_by_reason = {{"REQUESTED", 2}, {"WORKER_DIED", 1}},
          .exits = {{.generation = 3,
                     .signal = 11,
                     .reason = ErrorCode::WorkerDied,
                     .text = "SIGSEGV",
                     .stage = ipc::Stage::Inferring,
                     .last_log_lines = {"one", "two"}}},
          .last_result_ns = 12,
          .track_ids = {.generation = 3, .offset = 5, .continued = {{1, 4}, {2, 5}}, .highest = 9},
          .refused_second_connection = true};
}

Inheritance sample() {
  return {.listener_fd = 8,
          .lock_fd = 9,
          .last_generation = 2,
          .upgrades_total = 1,
          .fixed = "here",
          .cgroups = WorkerCgroups::State{.hierarchy = {.enforcement = MemoryEnforcement::Cgroup1,
                                                        .memory = "/a/memory",
                                                        .pids = "/a/pids"},
                                          .last_number = 6},
          .sessions = {session()}};
}

/// What `change` makes of the document, sealed again.
template <class Change>
Result<Inheritance> read_changed(Change change) {
  const auto memory = bequeath(sample());
  json document = json::from_cbor(*read_sealed(memory->get()));
  change(document);
  return read_inheritance(seal(json::to_cbor(document))->get());
}

TEST(Inheritance, ComesOutAsItWentIn) {
  const auto memory = bequeath(sample());
  ASSERT_TRUE(memory) << memory.error().message;
  const auto read = read_inheritance(memory->get());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->descriptors(), (std::vector<int>{8, 9, 10, 11, 12, 13, 14}));
  EXPECT_EQ(read->workers(), 1U);
  EXPECT_EQ(read->last_generation, 2U);
  EXPECT_EQ(read->fixed, "here");
  EXPECT_EQ(read->cgroups->hierarchy.pids, "/a/pids");
  const CarriedSession& got = read->sessions.at(0);
  EXPECT_EQ(got.spec, session().spec) << "with its password and the name of its pipeline";
  EXPECT_EQ(got.asked, session().asked);
  EXPECT_EQ(got.context, session().context);
  EXPECT_EQ(got.spec.url.password, "s3cret");
  // All that is written is what was read: nothing is forgotten on the way back.
  EXPECT_EQ(to_json(got), to_json(session()));
  EXPECT_EQ(got.worker->link.results, worker().link.results);
  EXPECT_EQ(got.worker->model->labels, worker().model->labels);
  EXPECT_EQ(got.worker->confinement, worker().confinement);
  EXPECT_EQ(got.worker->rtsp_session, worker().rtsp_session);
  EXPECT_EQ(*got.worker->zones.of(43), (std::vector<std::string>{"entry", "gate"}));
  ASSERT_EQ(got.worker->waiting_events.events().size(), 1U);
  EXPECT_EQ(got.worker->waiting_events.events()[0].priority, ipc::PriorityClass::Critical);
  EXPECT_EQ(got.worker->waiting_events.events()[0].record.sequence, 44U);
  EXPECT_EQ(got.left_session, session().left_session);
  EXPECT_EQ(got.track_ids.continued, session().track_ids.continued);
}

TEST(Inheritance, OfAnotherFormatOrLayoutIsRefusedWithWhatToDo) {
  for (const std::string field : {"format", "layout"}) {
    const auto read = read_changed([&](json& document) { document[field] = 99; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::VersionMismatch);
    EXPECT_NE(read.error().message.find("99"), std::string::npos);
    EXPECT_NE(read.error().message.find("restart the supervisor instead"), std::string::npos);
  }
}

TEST(Inheritance, WithAnythingMissingOrWrongIsCorrupt) {
  const auto expect_corrupt = [](const Result<Inheritance>& read, const std::string& what) {
    ASSERT_FALSE(read) << what;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt) << what;
  };
  const json whole = json::from_cbor(*read_sealed(bequeath(sample())->get()));
  for (const auto& [key, value] : whole.at("sessions").at(0).items()) {
    if (key == "worker" || key == "leftSession" || key == "asked")
      continue;  // a session may have none
    expect_corrupt(read_changed([key = key](json& d) { d["sessions"][0].erase(key); }), key);
    expect_corrupt(
        read_changed([key = key](json& d) { d["sessions"][0][key] = json::array({{}}); }), key);
  }
  for (const auto& [key, value] : whole.at("sessions").at(0).at("worker").at("link").items()) {
    if (key == "cgroup") continue;
    expect_corrupt(
        read_changed([key = key](json& d) { d["sessions"][0]["worker"]["link"].erase(key); }), key);
  }
  expect_corrupt(read_changed([](json& d) { d["sessions"][0]["state"] = 99; }), "no such state");
  expect_corrupt(
      read_changed([](json& d) { d["sessions"][0]["served"]["spec"]["fromTomorrow"] = 1; }),
      "spec");
}

TEST(Inheritance, CutAnywhereIsCorruptAndNothingWorse) {
  const auto bytes = *read_sealed(bequeath(sample())->get());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = read_inheritance(seal(std::span{bytes}.first(size))->get());
    ASSERT_FALSE(read) << size;
    ASSERT_EQ(read.error().code, ErrorCode::Corrupt) << size;
  }
}

TEST(SealedMemory, CannotBeChangedByAnybody) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  const auto memory = seal(bytes);
  ASSERT_TRUE(memory);
  EXPECT_EQ(*read_sealed(memory->get()), bytes);
  EXPECT_EQ(::pwrite(memory->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(memory->get(), 0), -1);
  EXPECT_EQ(::mmap(nullptr, 3, PROT_WRITE, MAP_SHARED, memory->get(), 0), MAP_FAILED);
}

TEST(SealedMemory, IsNotReadFromAnythingElse) {
  const UniqueFd open{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(read_sealed(open.get()).error().code, ErrorCode::Corrupt) << "somebody may change it";
  EXPECT_EQ(read_sealed(-1).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_sealed(STDERR_FILENO).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace bulkhead::supervisor
