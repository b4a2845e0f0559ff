// One real worker with a clip and a model, driven as its supervisor drives it.

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "ipc/preview_slot.hpp"
#include "ipc/worker_fds.hpp"
#include "tests/support/made_clip.hpp"
#include "tests/support/worker_harness.hpp"
#include "tests/support/worker_session.hpp"

namespace bulkhead::test {
namespace {

using namespace std::chrono_literals;
using ipc::CameraState;

class WorkerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    clips_ = new TempDir;
    make_clip(clip(), {});
  }
  static void TearDownTestSuite() {
    delete clips_;
    clips_ = nullptr;
  }
  static std::filesystem::path clip() { return clips_->path() / "clip.mp4"; }

  void SetUp() override { session_.start.spec.loop = true; }

  void start() {
    auto spawned = WorkerHarness::spawn();
    ASSERT_TRUE(spawned) << spawned.error().message;
    worker_ = std::make_unique<WorkerHarness>(std::move(*spawned));
    ASSERT_TRUE(worker_->hello());
    worker_->send_start(session_.start.to_json());
    ASSERT_TRUE(worker_->sent());
  }

  void start_and_go_live() {
    start();
    ASSERT_TRUE(worker_->until<ipc::CameraChange>([](const ipc::CameraChange& change) {
      return change.state == CameraState::Live;
    })) << session_.log_text();
  }

  std::optional<ipc::Ack> answer_to(ipc::CommandBody body, std::int64_t deadline_ns = 0) {
    const std::uint64_t request = worker_->send(std::move(body), deadline_ns);
    return worker_->until<ipc::Ack>(
        [request](const ipc::Ack& ack) { return ack.request_id == request; });
  }

  void expect_exit(int code, std::chrono::milliseconds limit = test::kHangLimit) {
    const auto exit = worker_->wait_exit(limit);
    ASSERT_TRUE(exit) << "still running\n" << session_.log_text();
    EXPECT_EQ(exit->signal, 0);
    EXPECT_EQ(exit->code, code) << session_.log_text();
  }

  static TempDir* clips_;
  WorkerSession session_{"file://" + clip().string()};
  std::unique_ptr<WorkerHarness> worker_;
};

TempDir* WorkerTest::clips_ = nullptr;

TEST_F(WorkerTest, NamesItsModelThenItsCameraThenWhatItSees) {
  start();
  const auto model = worker_->until<ipc::ModelLoaded>();
  ASSERT_TRUE(model) << session_.log_text();
  EXPECT_EQ(model->card.labels, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(model->card.sha256.size(), ipc::kSha256Digits);

  const auto live = worker_->until<ipc::CameraChange>(
      [](const ipc::CameraChange& change) { return change.state == CameraState::Live; });
  ASSERT_TRUE(live) << session_.log_text();
  const auto seen = worker_->until<Detection>();
  ASSERT_TRUE(seen);
  EXPECT_GE(seen->frame_id, 1U);
  EXPECT_EQ(seen->width, 320U);
  EXPECT_EQ(seen->height, 240U);
  ASSERT_EQ(seen->objects.size(), 2U);
  EXPECT_EQ(model->card.labels.at(seen->objects[0].label_id), "cat");
  // 64 pixels of the model's input are 320 of the picture.
  EXPECT_NEAR(seen->objects[0].box.w, 16 * 5, 1);
  EXPECT_EQ(model->card.labels.at(seen->objects[1].label_id), "dog");
}

/// One that finds the cat and not the dog, and one that is cut off, each at work beside the model.
TEST_F(WorkerTest, ASecondModelIsHeldAgainstTheFirstAndChangesNoResult) {
  session_.write_model("one_animal.onnx", WorkerSession::one_animal_model());
  session_.write_model("cut.onnx", WorkerSession::one_animal_model().substr(0, 40));
  start_and_go_live();
  const auto try_model = [&](const std::string& model, const auto& is_wanted) {
    ipc::StartCanary start{.pipeline = *session_.start.spec.pipeline, .every_n = 1};
    start.pipeline.detect.model = model;
    worker_->send(start);
    std::optional<ipc::CanaryReport> last;
    std::size_t results = 0;
    while (!last || results == 0) {
      const auto taken = worker_->next();
      if (!taken) break;
      if (const auto* report = std::get_if<ipc::CanaryReport>(&taken->record.body);
          report != nullptr && is_wanted(*report)) {
        last = *report;
      }
      EXPECT_FALSE(std::holds_alternative<ipc::Gap>(taken->record.body));
      const auto* seen = std::get_if<Detection>(&taken->record.body);
      if (seen == nullptr) continue;
      ++results;
      EXPECT_EQ(seen->objects.size(), 2U);
      EXPECT_FLOAT_EQ(seen->objects.front().confidence, 0.9F);
    }
    EXPECT_TRUE(last) << session_.log_text();
    return last.value_or(ipc::CanaryReport{});
  };
  const auto agrees = try_model("one_animal.onnx", [](const ipc::CanaryReport& report) {
    return report.frames_with_objects >= 3;
  });
  EXPECT_EQ(agrees.phase, ipc::CanaryPhase::Running);
  EXPECT_FLOAT_EQ(agrees.agreement, 2.0F / 3);
  EXPECT_GT(agrees.incumbent_cpu_us, 0U);
  EXPECT_GT(agrees.candidate_cpu_us, 0U);
  const auto cut = try_model("cut.onnx", [](const ipc::CanaryReport& report) {
    return report.phase == ipc::CanaryPhase::Failed;
  });
  EXPECT_EQ(cut.reason, ErrorCode::ModelInvalid) << cut.text;
  const auto ack = answer_to(ipc::StopCanary{});
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->code, ErrorCode::None);
  ASSERT_TRUE(answer_to(ipc::Stop{}));
  expect_exit(ipc::kExitOk, limits::kTermGrace);
}

TEST_F(WorkerTest, StopsOnCommandWithinItsLimitAndLosesNoNumber) {
  start_and_go_live();
  const std::int64_t asked = monotonic_ns();
  const auto ack = answer_to(ipc::Stop{});
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->code, ErrorCode::None);
  expect_exit(ipc::kExitOk, limits::kTermGrace);
  EXPECT_LT(monotonic_ns() - asked, std::chrono::nanoseconds{limits::kStopTime}.count());
  EXPECT_EQ(static_cast<ipc::Stage>(worker_->status().stage.load()), ipc::Stage::Stopping);
}

TEST_F(WorkerTest, AbortedByItsSupervisorItLeavesTheStacksOfItsThreadsInTheLog) {
  start_and_go_live();
  worker_->process().signal(SIGABRT);
  const auto exit = worker_->wait_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGABRT);
  const std::string log = session_.log_text();
  EXPECT_NE(log.find("crashed signal=SIGABRT sender=" + std::to_string(::getpid())),
            std::string::npos)
      << log;
  for (const char* thread : {" control stack frame=0 at=", " detect stack frame=0 at="}) {
    EXPECT_NE(log.find(thread), std::string::npos) << log;
  }
}

TEST_F(WorkerTest, StopsOnTheTermSignal) {
  start_and_go_live();
  worker_->process().signal(SIGTERM);
  expect_exit(ipc::kExitOk, limits::kTermGrace);
}

TEST_F(WorkerTest, LeavesWhenItsSupervisorIsGone) {
  start_and_go_live();
  worker_->hang_up();
  expect_exit(ipc::kExitOk, limits::kTermGrace);
}

TEST_F(WorkerTest, ASnapshotIsAJpegOfTheLatestPicture) {
  start_and_go_live();
  const auto ack = answer_to(ipc::TakeSnapshot{.quality = 90});
  ASSERT_TRUE(ack);
  ASSERT_EQ(ack->code, ErrorCode::None) << ack->text;
  std::vector<std::byte> jpeg;
  std::uint64_t frame_id = 0;
  ASSERT_TRUE(ipc::PreviewSlotReader{worker_->segment().preview_slot()}.read(jpeg, frame_id));
  EXPECT_GE(frame_id, 1U);
  ASSERT_GT(jpeg.size(), 4U);
  EXPECT_EQ(jpeg[0], std::byte{0xFF});
  EXPECT_EQ(jpeg[1], std::byte{0xD8});
  EXPECT_EQ(jpeg[jpeg.size() - 1], std::byte{0xD9});
}

TEST_F(WorkerTest, ACommandThatComesTooLateIsRefusedAndCounted) {
  start_and_go_live();
  const auto ack = answer_to(ipc::TakeSnapshot{}, 1);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->code, ErrorCode::Timeout);
  EXPECT_EQ(worker_->status().commands_expired_total.load(), 1U);
}

TEST_F(WorkerTest, ALogLevelItDoesNotKnowIsRefusedAndAKnownOneApplies) {
  start_and_go_live();
  EXPECT_EQ(answer_to(ipc::SetLogLevel{"loud"})->code, ErrorCode::InvalidParams);
  EXPECT_EQ(answer_to(ipc::SetLogLevel{"error"})->code, ErrorCode::None);
  worker_->process().signal(SIGTERM);
  expect_exit(ipc::kExitOk);
  EXPECT_EQ(session_.log_text().find("stopping"), std::string::npos) << "info is below error";
}

TEST_F(WorkerTest, ACommandThatIsNoneEndsIt) {
  start_and_go_live();
  const std::vector<std::byte> nonsense(40, std::byte{0xEE});
  worker_->send_bytes(nonsense);
  const auto fatal = worker_->until<ipc::Fatal>();
  ASSERT_TRUE(fatal);
  EXPECT_EQ(fatal->reason, ErrorCode::ProtocolError);
  expect_exit(ipc::kExitInternal);
}

TEST_F(WorkerTest, AMissingModelEndsItForGoodAndIsNamed) {
  session_.start.spec.pipeline->detect.model = "not_there.onnx";
  start();
  const auto fatal = worker_->until<ipc::Fatal>();
  ASSERT_TRUE(fatal) << session_.log_text();
  EXPECT_EQ(fatal->reason, ErrorCode::NotFound);
  EXPECT_NE(fatal->text.find("not_there.onnx"), std::string::npos) << fatal->text;
  expect_exit(ipc::kExitModel);
}

TEST_F(WorkerTest, AModelBehindALinkOutOfItsFolderIsRefused) {
  const std::filesystem::path models = session_.start.model_dir;
  std::filesystem::rename(models / "two_animals.onnx", session_.directory() / "outside.onnx");
  std::filesystem::create_symlink("../outside.onnx", models / "two_animals.onnx");
  start();
  const auto fatal = worker_->until<ipc::Fatal>();
  ASSERT_TRUE(fatal) << session_.log_text();
  EXPECT_EQ(fatal->reason, ErrorCode::ModelInvalid);
  EXPECT_NE(fatal->text.find("leads out of its folder"), std::string::npos) << fatal->text;
  expect_exit(ipc::kExitModel);
}

TEST_F(WorkerTest, TellsWhatItGaveUpBeforeAnythingElse) {
  start();
  const auto first = worker_->next();
  ASSERT_TRUE(first) << session_.log_text();
  const auto* level = std::get_if<ipc::Confined>(&first->record.body);
  ASSERT_NE(level, nullptr);
  EXPECT_TRUE(level->syscall_filter);
  EXPECT_EQ(level->tcp_ports.has_value(), level->landlock >= 4);
  EXPECT_TRUE(level->tcp_ports.value_or(std::vector<std::uint16_t>{}).empty()) << "of a clip";
}

TEST_F(WorkerTest, AMissingClipEndsItForGood) {
  session_.start.spec.url = RtspUrl::parse("file:///nowhere/clip.mp4").value();
  start();
  const auto fatal = worker_->until<ipc::Fatal>();
  ASSERT_TRUE(fatal) << session_.log_text();
  EXPECT_EQ(fatal->reason, ErrorCode::NotFound);
  expect_exit(ipc::kExitBadStart);
}

TEST_F(WorkerTest, OfAClipPlayedOnceFlatOutEveryPictureIsInferredBeforeItsEndIsSaid) {
  session_.start.spec.loop = false;
  session_.start.spec.pace = Pace::FlatOut;
  start();
  std::uint64_t detections = 0;
  bool at_end = false;
  while (!at_end) {
    const auto taken = worker_->next();
    ASSERT_TRUE(taken) << session_.log_text();
    if (std::holds_alternative<Detection>(taken->record.body)) ++detections;
    const auto* change = std::get_if<ipc::CameraChange>(&taken->record.body);
    at_end = change != nullptr && change->state == CameraState::Lost &&
             change->reason == ErrorCode::EndOfStream;
  }
  // CONTROL is read first: what the rings still hold was published before.
  worker_->process().signal(SIGTERM);
  while (const auto taken = worker_->next()) {
    if (std::holds_alternative<Detection>(taken->record.body)) ++detections;
  }
  expect_exit(ipc::kExitOk);
  EXPECT_EQ(detections, static_cast<std::uint64_t>(MadeClip{}.pictures));
  EXPECT_EQ(worker_->status().frames_decoded_total.load(), detections);
  EXPECT_EQ(worker_->status().frames_dropped_total.load(), 0U);
}

TEST_F(WorkerTest, AnUnreachableCameraIsLostAndTriedAgainWithoutItsPasswordInAnyOutput) {
  testing::internal::CaptureStderr();
  session_.start.spec.loop = false;
  // Nobody listens on the port of "discard".
  session_.start.spec.url =
      RtspUrl::parse("rtsp://operator:c4nary%2Dp4ss@127.0.0.1:9/live?token=qu3ry-c4nary").value();
  start();
  int losses = 0;
  const auto lost = worker_->until<ipc::CameraChange>([&losses](const ipc::CameraChange& change) {
    return change.state == CameraState::Lost && ++losses == 2;
  });
  ASSERT_TRUE(lost) << session_.log_text() << testing::internal::GetCapturedStderr();
  EXPECT_EQ(lost->reason, ErrorCode::ConnectFailed);
  EXPECT_GT(lost->retry_in_ms, 0U);
  worker_->process().signal(SIGTERM);
  expect_exit(ipc::kExitOk, limits::kTermGrace);
  const std::string output =
      session_.log_text() + testing::internal::GetCapturedStderr() + lost->text;
  EXPECT_NE(output.find("camera lost"), std::string::npos) << "the log was not written";
  for (const char* canary : {"operator", "c4nary-p4ss", "c4nary%2Dp4ss", "qu3ry-c4nary"}) {
    EXPECT_EQ(output.find(canary), std::string::npos) << canary << " in\n" << output;
  }
}

TEST_F(WorkerTest, CountsWhatItDoesAndTicksWhileItRuns) {
  start_and_go_live();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(worker_->until<Detection>());
  worker_->process().signal(SIGTERM);
  expect_exit(ipc::kExitOk);
  const ipc::StatusPage& status = worker_->status();
  EXPECT_GE(status.frames_received_total.load(), status.frames_decoded_total.load());
  EXPECT_GE(status.frames_decoded_total.load(), 10U);
  EXPECT_GE(status.frames_inferred_total.load(), 10U);
  EXPECT_GT(status.control_ticks_total.load(), 1U);
  EXPECT_GT(status.last_frame_ns.load(), worker_->spawned_ns());
  EXPECT_EQ(status.source_width.load(), 320U);
}

TEST_F(WorkerTest, LogsEachStepOfItsStart) {
  start_and_go_live();
  worker_->process().signal(SIGTERM);
  expect_exit(ipc::kExitOk);
  const std::string log = session_.log_text();
  for (const char* step : {"main", "hello", "start_message", "log", "gst", "model", "connect",
                           "first_frame", "first_inferred"}) {
    EXPECT_NE(log.find("startup step=" + std::string{step} + " since_main_ms="), std::string::npos)
        << step << " in\n"
        << log;
  }
}

}  // namespace
}  // namespace bulkhead::test
