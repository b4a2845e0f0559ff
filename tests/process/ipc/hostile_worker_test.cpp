#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "ipc/layout_version.hpp"
#include "ipc/spsc_ring.hpp"
#include "tests/support/fixture_worker.hpp"

namespace bulkhead::ipc {
namespace {

class HostileWorker : public ::testing::Test {
 protected:
  void SetUp() override {
    auto worker = FixtureWorker::create();
    ASSERT_TRUE(worker) << worker.error().message;
    worker_.emplace(std::move(*worker));
  }

  int exit_code() {
    const auto exit = worker_->process().wait_exit();
    return exit && exit->signal == 0 ? exit->code : -1;
  }

  std::optional<FixtureWorker> worker_;
};

TEST_F(HostileWorker, CannotShrinkGrowOrSealTheSegment) {
  worker_->start("shrink_segment");
  EXPECT_EQ(exit_code(), 0);
  // Touching the last page would be a SIGBUS had it worked.
  worker_->segment().preview_slot().back() = std::byte{1};
}

TEST_F(HostileWorker, CannotBlockTheSupervisorByItsDoorbells) {
  worker_->start("stuff_doorbell");
  ASSERT_TRUE(wait_readable(worker_->control().fd(), test::kHangLimit));
  const auto hello = worker_->control().try_receive_hello();
  ASSERT_TRUE(hello && *hello);
  Doorbell commands{&worker_->segment().command_consumer_sleeping(), worker_->command_doorbell()};
  Doorbell results{&worker_->segment().result_consumer_sleeping(), worker_->result_doorbell()};
  for (int i = 0; i < 10'000; ++i) {
    commands.ring();
    results.clear();
  }
}

TEST_F(HostileWorker, CannotMakeAReaderTrustALengthItReadTwice) {
  worker_->start("rewrite_ring", {"length"});
  constexpr std::size_t kMaxMessage = 64;
  constexpr std::uint64_t kTimesEach = 20'000;
  std::vector<std::byte> message;
  std::uint64_t honest = 0;
  std::uint64_t corrupt = 0;
  while (honest < kTimesEach || corrupt < kTimesEach) {
    // A new reader each time: it meets the same message again.
    SpscRingConsumer consumer{worker_->segment().result_ring(PriorityClass::Bulk), kMaxMessage};
    const PopStatus popped = consumer.try_pop(message);
    if (popped == PopStatus::Ok) {
      ASSERT_EQ(message.size(), 52U);
      ++honest;
    }
    if (popped == PopStatus::Corrupt) ++corrupt;
  }
}

TEST_F(HostileWorker, CannotLeadAReaderOutOfTheRingByScribblingOnIt) {
  worker_->start("rewrite_ring", {"scribble"});
  constexpr std::size_t kMaxMessage = 4096;
  std::vector<std::byte> message;
  const auto ring = worker_->segment().result_ring(PriorityClass::Bulk);
  std::uint64_t corrupt_total = 0;
  for (std::uint64_t turn = 0; corrupt_total < 100'000 && turn < 50'000'000; ++turn) {
    SpscRingConsumer consumer{ring, kMaxMessage};
    PopStatus popped = PopStatus::Ok;
    while ((popped = consumer.try_pop(message)) == PopStatus::Ok) {
      ASSERT_LE(message.size(), kMaxMessage);
    }
    if (popped == PopStatus::Corrupt) ++corrupt_total;
  }
  EXPECT_EQ(corrupt_total, 100'000U);
}

/// Not hostile, but started wrongly.
using StartedWorker = HostileWorker;

TEST_F(StartedWorker, AttachesItsSegment) {
  worker_->start("attach_segment");
  EXPECT_EQ(exit_code(), kExitOk);
}

TEST_F(StartedWorker, RefusesASegmentOfAnotherBuildWithItsExitCode) {
  UniqueFd other{::memfd_create("other-layout", MFD_CLOEXEC)};
  const std::uint32_t version = kLayoutVersion + 1;
  std::array<std::byte, 64> header{};
  ASSERT_EQ(::pread(worker_->segment().fd(), header.data(), header.size(), 0), 64);
  std::memcpy(header.data() + 8, &version, sizeof version);
  ASSERT_EQ(::pwrite(other.get(), header.data(), header.size(), 0), 64);
  worker_->start("attach_segment", {}, other.get());
  EXPECT_EQ(exit_code(), kExitVersionMismatch);
}

TEST_F(StartedWorker, RefusesADescriptorThatIsNoSegment) {
  const UniqueFd device{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  worker_->start("attach_segment", {}, device.get());
  EXPECT_EQ(exit_code(), kExitBadStart);
}

TEST(SegmentShortage, IsAnErrorThatNamesTheBytesNeeded) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_NE(::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto segment = ShmSegment::create();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::LimitReached);
  EXPECT_NE(segment.error().message.find(std::to_string(ShmSegment::total_bytes())),
            std::string::npos)
      << segment.error().message;
}

TEST(SegmentShortage, OfDescriptorsIsAnErrorToo) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto segment = ShmSegment::create();
  const auto doorbell = Doorbell::create_pair();
  const auto control = ControlSocket::create_pair();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(segment.error().code, ErrorCode::LimitReached);
  EXPECT_EQ(doorbell.error().code, ErrorCode::LimitReached);
  EXPECT_EQ(control.error().code, ErrorCode::LimitReached);
}

}  // namespace
}  // namespace bulkhead::ipc
