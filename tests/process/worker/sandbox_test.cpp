// What a worker that was taken over can still reach: the real confinement in a real process.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/worker_session.hpp"
#include "worker/sandbox/landlock.hpp"

namespace bulkhead::test {
namespace {

// A sanitizer looks into its own process from another one.
#ifdef BULKHEAD_SANITIZED
constexpr bool kMayTraceItself = true;
#else
constexpr bool kMayTraceItself = false;
#endif

/// A door on loopback that takes connections and never answers.
class Door {
 public:
  Door() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&any), &size), 0);
    port_ = ntohs(any.sin_port);
  }
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  UniqueFd socket_;
  std::uint16_t port_ = 0;
};

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    abi_ = worker::landlock_abi();
    meet_camera_at("127.0.0.1");
    session_.start.log_file = write("logs/worker.log", "");
  }

  void meet_camera_at(const std::string& host) {
    session_.start.spec.url = RtspUrl::parse("rtsp://" + host + ":" + door_.port() + "/").value();
  }

  std::filesystem::path write(const std::filesystem::path& name, const std::string& text) {
    const std::filesystem::path file = session_.directory() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
    return file;
  }

  /// What the attempt came to, in words: "Success", "Permission denied".
  std::string tried(const std::string& attempt, const std::string& of = "-",
                    const std::vector<std::string>& before = {}) {
    const std::filesystem::path said = session_.directory() / "said.txt";
    const UniqueFd output{::open(said.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    std::vector<std::string> arguments{write("start.json", session_.start.to_json()), attempt, of};
    arguments.insert(arguments.end(), before.begin(), before.end());
    ChildProcess worker{
        BULKHEAD_FIXTURE_DIR "/fixture_breaks_out", arguments, {{output.get(), STDOUT_FILENO}}};
    const auto exit = worker.wait_exit();
    std::ifstream file{said};
    said_ = {std::istreambuf_iterator<char>{file}, {}};
    if (!exit || exit->signal != 0) return "no end of its own";
    return ::strerror(exit->code);  // NOLINT(concurrency-mt-unsafe)
  }

  const std::string done_ = ::strerror(0);               // NOLINT(concurrency-mt-unsafe)
  const std::string no_access_ = ::strerror(EACCES);     // NOLINT(concurrency-mt-unsafe)
  const std::string not_permitted_ = ::strerror(EPERM);  // NOLINT(concurrency-mt-unsafe)
  Door door_;
  Door another_door_;
  WorkerSession session_{"rtsp://127.0.0.1/"};
  std::string said_;
  int abi_ = 0;
};

TEST_F(SandboxTest, OpensNothingOutsideOfItsFolders) {
  if (abi_ < 1) GTEST_SKIP() << "this kernel has no Landlock";
  write("secrets.db", "the passwords of other cameras");
  const std::string outside = session_.directory();
  EXPECT_EQ(tried("read", outside + "/secrets.db"), no_access_);
  EXPECT_EQ(tried("write", outside + "/new"), no_access_);
  EXPECT_EQ(tried("append", outside + "/secrets.db"), no_access_);
  EXPECT_EQ(tried("list", outside), no_access_);
  EXPECT_EQ(tried("read", "/etc/passwd"), no_access_);
  EXPECT_EQ(tried("read", "/etc/hosts"), no_access_) << "its camera has no name";
  EXPECT_EQ(tried("list", "/usr/share/fonts"), no_access_);
}

TEST_F(SandboxTest, ReadsModelsWithoutChangingThem) {
  if (abi_ < 3) GTEST_SKIP() << "this kernel's Landlock lets files be truncated";
  const std::string model = session_.start.model_dir + "/two_animals.onnx";
  EXPECT_EQ(tried("read", model), done_);
  EXPECT_EQ(tried("read", session_.start.model_catalog), done_);
  EXPECT_EQ(tried("append", model), no_access_);
  EXPECT_EQ(tried("truncate", model), no_access_);
  EXPECT_EQ(tried("write", session_.start.model_dir + "/new.onnx"), no_access_);
}

TEST_F(SandboxTest, WritesLogsWithoutReadingThoseOfOthers) {
  if (abi_ < 1) GTEST_SKIP() << "this kernel has no Landlock";
  write("logs/detector_worker_camera_other.log", "a line");
  EXPECT_EQ(tried("append", session_.start.log_file), done_);
  EXPECT_EQ(tried("write", session_.start.log_file + ".1"), done_);
  EXPECT_EQ(tried("read", session_.directory() / "logs/detector_worker_camera_other.log"),
            no_access_);
}

TEST_F(SandboxTest, CannotChangeWhatTheNextWorkerReadsBeforeItIsConfined) {
  if (abi_ < 1) GTEST_SKIP() << "this kernel has no Landlock";
  const std::string plugins = write("cache/gst-registry.bin", "GStreamer's plug-ins");
  EXPECT_EQ(tried("read", plugins), done_);
  EXPECT_EQ(tried("append", plugins), no_access_);
  EXPECT_EQ(tried("write", session_.directory() / "cache/new"), no_access_);
}

TEST_F(SandboxTest, KeepsItsCache) {
  EXPECT_EQ(tried("write", session_.directory() / "cache/models/entry"), done_);
  EXPECT_EQ(tried("read", session_.directory() / "cache/models/entry"), done_);
}

TEST_F(SandboxTest, ConnectsToItsCamerasPortAndNoOther) {
  if (abi_ < worker::kLandlockNetworkAbi) GTEST_SKIP() << "this kernel's Landlock knows no TCP";
  EXPECT_EQ(tried("connect", door_.port()), done_);
  EXPECT_EQ(tried("connect", another_door_.port()), no_access_);
  EXPECT_EQ(tried("listen"), no_access_);
  EXPECT_EQ(tried("udp socket"), done_) << "RTP";
}

TEST_F(SandboxTest, StartsNoProgramAndNoProcessButThreads) {
  EXPECT_EQ(tried("exec", "/bin/true"), not_permitted_);
  EXPECT_EQ(tried("thread"), done_);
  if (kMayTraceItself) return;
  EXPECT_EQ(tried("spawn", "/bin/true"), not_permitted_);
  EXPECT_EQ(tried("fork"), not_permitted_);
}

TEST_F(SandboxTest, ReachesNoOtherProcess) {
  EXPECT_NE(tried("trace", std::to_string(::getpid())), done_);
  if (abi_ < 6) GTEST_SKIP() << "this kernel's Landlock knows no signals";
  EXPECT_EQ(tried("signal", std::to_string(::getpid())), not_permitted_);
}

TEST_F(SandboxTest, HasNoWayToMorePower) {
  for (const char* attempt : {"packet socket", "raw socket", "unshare", "keyctl"}) {
    EXPECT_EQ(tried(attempt), not_permitted_) << attempt;
  }
}

TEST_F(SandboxTest, AsksTheMachineForNamesOnlyWhereItsCameraHasOne) {
  EXPECT_EQ(tried("local socket"), not_permitted_);
  meet_camera_at("localhost");
  EXPECT_EQ(tried("local socket"), done_);
  EXPECT_EQ(tried("read", "/etc/hosts"), done_);
  EXPECT_EQ(tried("connect", door_.port()), done_);
}

TEST_F(SandboxTest, WhereTheKernelHasNoLandlockItGoesOnAndSaysSo) {
  EXPECT_EQ(tried("read", "/etc/passwd", {"old:landlock"}), done_);
  EXPECT_NE(said_.find("landlock=0 filter=1\n"), std::string::npos) << said_;
  EXPECT_NE(said_.find("the kernel has no Landlock"), std::string::npos) << said_;
}

TEST_F(SandboxTest, WhereTheKernelTakesNoFilterItGoesOnAndSaysSo) {
  EXPECT_EQ(tried("keyctl", "-", {"old:seccomp"}), done_) << said_;
  EXPECT_NE(said_.find("filter=0\n"), std::string::npos) << said_;
  EXPECT_NE(said_.find("system calls are open to it: seccomp: "), std::string::npos) << said_;
}

}  // namespace
}  // namespace bulkhead::test
