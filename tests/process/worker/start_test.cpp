// The life of the real worker program before it has a camera: no GStreamer, no model.

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "ipc/layout_version.hpp"
#include "ipc/worker_fds.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/worker_harness.hpp"

namespace bulkhead::test {
namespace {

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::string proc_text(pid_t pid, const std::string& name) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(WorkerStartTest, StartedByHandItSaysWhoStartsItAndLeaves) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd output{pipe[0]};
  UniqueFd input{pipe[1]};
  ChildProcess worker{BULKHEAD_WORKER, {}, {{input.get(), STDERR_FILENO}}};
  input.reset();
  const std::string said = read_all(output.get());
  EXPECT_NE(said.find("started by bulkhead-supervisor"), std::string::npos) << said;
  const auto exit = worker.wait_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, ipc::kExitNotAChild);
}

class WorkerStartedTest : public testing::Test {
 protected:
  void SetUp() override {
    auto spawned = WorkerHarness::spawn();
    ASSERT_TRUE(spawned) << spawned.error().message;
    worker_ = std::make_unique<WorkerHarness>(std::move(*spawned));
    const auto hello = worker_->hello();
    ASSERT_TRUE(hello) << hello.error().message;
    EXPECT_EQ(hello->layout_version, ipc::kLayoutVersion);
    EXPECT_EQ(hello->pid, worker_->process().pid());
  }

  void expect_exit(int code) {
    const auto exit = worker_->wait_exit();
    ASSERT_TRUE(exit) << "still running";
    EXPECT_EQ(exit->signal, 0);
    EXPECT_EQ(exit->code, code);
  }

  std::unique_ptr<WorkerHarness> worker_;
};

TEST_F(WorkerStartedTest, LeavesWhenItsSupervisorIsGoneBeforeTheStart) {
  worker_->hang_up();
  expect_exit(ipc::kExitOk);
}

TEST_F(WorkerStartedTest, ReportsAStartMessageThatItCannotReadAndLeavesForGood) {
  worker_->send_start(R"({"generation": 1, "unheard": "of"})");
  const auto fatal = worker_->until<ipc::Fatal>();
  ASSERT_TRUE(fatal);
  EXPECT_EQ(fatal->reason, ErrorCode::InvalidParams);
  EXPECT_FALSE(fatal->text.empty());
  expect_exit(ipc::kExitBadStart);
}

TEST_F(WorkerStartedTest, TakesNoMoreThanItsDescriptorsAndCannotRaiseItsRights) {
  const pid_t pid = worker_->process().pid();
  const std::string status = proc_text(pid, "status");
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  const std::string limits = proc_text(pid, "limits");
  const std::size_t core = limits.find("Max core file size");
  ASSERT_NE(core, std::string::npos);
  EXPECT_NE(limits.substr(core, 60).find(" 0 "), std::string::npos);
}

TEST_F(WorkerStartedTest, ATerminalsInterruptIsNotForIt) {
  worker_->process().signal(SIGINT);
  worker_->process().signal(SIGHUP);
  worker_->process().signal(SIGPIPE);
  worker_->send_start("{}");  // it is still there to answer
  EXPECT_TRUE(worker_->until<ipc::Fatal>());
  expect_exit(ipc::kExitBadStart);
}

TEST(WorkerSegmentTest, RefusesASegmentThatIsNone) {
  auto control = ipc::ControlSocket::create_pair().value();
  const auto commands = ipc::Doorbell::create_pair().value();
  const auto results = ipc::Doorbell::create_pair().value();
  const UniqueFd no_segment{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  ChildProcess worker{BULKHEAD_WORKER,
                      {},
                      {{control.second.get(), ipc::kControlFd},
                       {no_segment.get(), ipc::kSegmentFd},
                       {commands.second.get(), ipc::kCommandDoorbellFd},
                       {results.second.get(), ipc::kResultDoorbellFd}}};
  const auto exit = worker.wait_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, ipc::kExitBadStart);
}

}  // namespace
}  // namespace bulkhead::test
