// What a worker finds when it starts, and that nothing of it is left when it ends.

#include "supervisor/process/worker_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "ipc/control_socket.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/shm_segment.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::supervisor {
namespace {

using test::kHangLimit;

#ifdef BULKHEAD_SANITIZED
constexpr bool kMemoryIsLimited = false;
#else
constexpr bool kMemoryIsLimited = true;
#endif

/// One worker with its descriptors; the supervisor's ends stay here.
class WorkerProcessTest : public testing::Test {
 protected:
  struct Ends {
    Result<ipc::ShmSegment> segment = ipc::ShmSegment::create();
    Result<std::pair<ipc::ControlSocket, UniqueFd>> control = ipc::ControlSocket::create_pair();
    Result<std::pair<UniqueFd, UniqueFd>> commands = ipc::Doorbell::create_pair();
    Result<std::pair<UniqueFd, UniqueFd>> results = ipc::Doorbell::create_pair();
  };

  static Result<WorkerProcess> spawn(Ends& ends, const std::string& program,
                                     std::vector<std::string> arguments = {},
                                     WorkerLimits limits = {}) {
    auto process = WorkerProcess::spawn({.executable = program,
                                         .arguments = std::move(arguments),
                                         .control_fd = ends.control->second.get(),
                                         .segment_fd = ends.segment->fd(),
                                         .command_doorbell_fd = ends.commands->second.get(),
                                         .result_doorbell_fd = ends.results->second.get(),
                                         .limits = limits});
    ends.control->second.reset();
    return process;
  }

  static std::string fixture(const std::string& name) {
    return std::string{BULKHEAD_FIXTURE_DIR} + "/fixture_" + name;
  }

  /// What the fixture that tells its surroundings says.
  static std::string surroundings(WorkerLimits limits = {}) {
    Ends ends;
    const auto process = spawn(ends, fixture("tells_its_surroundings"), {}, limits);
    EXPECT_TRUE(process);
    const int socket = ends.control->first.fd();
    EXPECT_EQ(::send(socket, "!", 1, MSG_NOSIGNAL), 1);
    pollfd answer{socket, POLLIN, 0};
    EXPECT_EQ(::poll(&answer, 1, std::chrono::milliseconds{kHangLimit}.count()), 1);
    std::array<char, 4096> text{};
    const auto got = ::recv(socket, text.data(), text.size(), 0);
    return got > 0 ? std::string{text.data(), static_cast<std::size_t>(got)} : "";
  }
};

TEST_F(WorkerProcessTest, AWorkerInheritsExactlyTheDescriptorsOfTheContract) {
  constexpr int kAboveTheContract = 50;
  const UniqueFd stray{::fcntl(STDERR_FILENO, F_DUPFD, kAboveTheContract)};  // no close-on-exec
  ASSERT_TRUE(stray);
  const std::string text = surroundings();
  EXPECT_NE(text.find("fds=0 1 2 3 4 5 6 \n"), std::string::npos) << text;
}

TEST_F(WorkerProcessTest, NoSignalIsBlockedOrIgnoredWhateverTheSupervisorDoes) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t term;
  sigset_t earlier;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, &earlier);
  const std::string text = surroundings();
  EXPECT_NE(text.find("signals=\n"), std::string::npos) << text;
  ::pthread_sigmask(SIG_SETMASK, &earlier, nullptr);
  std::signal(SIGPIPE, before);
}

TEST_F(WorkerProcessTest, TheEnvironmentIsTheAllowListAndNothingElse) {
  ::setenv("BULKHEAD_CANARY", "secret", 1);
  const std::string text = surroundings();
  ::unsetenv("BULKHEAD_CANARY");
  EXPECT_NE(text.find("canary=no\n"), std::string::npos) << text;
  EXPECT_NE(text.find("path=yes\n"), std::string::npos) << text;
}

TEST_F(WorkerProcessTest, AWorkerLeadsItsOwnGroupAndIsLimited) {
  const std::string text = surroundings({.memory_bytes = 512 << 20, .descriptors = 123});
  EXPECT_NE(text.find("leads_group=yes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("core=0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("nofile=123\n"), std::string::npos) << text;
  if (kMemoryIsLimited) {
    EXPECT_NE(text.find("data=536870912\n"), std::string::npos) << text;
  }
}

TEST_F(WorkerProcessTest, DestroyingARunningWorkerKillsAndReapsItAndItsChildren) {
  pid_t pid = -1;
  {
    Ends ends;
    auto worker = spawn(ends, "/bin/sh", {"-c", "sleep 1000 & sleep 1000"});
    ASSERT_TRUE(worker);
    pid = worker->pid();
    EXPECT_EQ(worker->wait_exit(std::chrono::milliseconds{0}), std::nullopt);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  // Children of the dead are reaped by init in its own time, but none of them lives.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(WorkerProcessTest, AMissingExecutableFailsAtSpawn) {
  Ends ends;
  const auto worker = spawn(ends, "/nonexistent/worker");
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code, ErrorCode::SpawnFailed);
  EXPECT_NE(worker.error().message.find("/nonexistent/worker"), std::string::npos);
}

TEST_F(WorkerProcessTest, ExitCodeAndSignalAreToldApart) {
  Ends first;
  auto coded = spawn(first, "/bin/sh", {"-c", "exit 66"});
  ASSERT_TRUE(coded);
  const auto code = coded->wait_exit(kHangLimit);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->code, 66);
  EXPECT_EQ(code->signal, 0);

  Ends second;
  auto killed = spawn(second, "/bin/sleep", {"1000"});
  ASSERT_TRUE(killed);
  killed->signal(SIGTERM);
  const auto signal = killed->wait_exit(kHangLimit);
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->signal, SIGTERM);
}

TEST_F(WorkerProcessTest, AStoppedWorkerIsKnownAsSuchAndStillObeysSigkill) {
  Ends ends;
  auto worker = spawn(ends, "/bin/sleep", {"1000"});
  ASSERT_TRUE(worker);
  EXPECT_FALSE(worker->is_stopped());
  worker->signal(SIGSTOP);
  siginfo_t stopped{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(worker->pid()), &stopped, WSTOPPED | WNOWAIT), 0);
  EXPECT_TRUE(worker->is_stopped());
  worker->signal(SIGTERM);
  EXPECT_EQ(worker->wait_exit(std::chrono::milliseconds{0}), std::nullopt);
  worker->kill_group();
  ASSERT_TRUE(worker->wait_exit(kHangLimit));
  EXPECT_FALSE(worker->is_stopped());
}

TEST_F(WorkerProcessTest, AWorkerNoticesTheEndOfItsSocketThoughANeighbourStartedAfterIt) {
  Ends first;
  auto worker = spawn(first, fixture("never_says_hello"));
  Ends second;
  const auto neighbour = spawn(second, fixture("never_says_hello"));
  ASSERT_TRUE(worker && neighbour);
  first.control = Error{};  // closes the supervisor's end; the neighbour must hold no copy
  const auto exit = worker->wait_exit(kHangLimit);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_EQ(exit->signal, 0);
}

}  // namespace
}  // namespace bulkhead::supervisor
