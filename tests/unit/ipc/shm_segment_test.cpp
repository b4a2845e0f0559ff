#include "ipc/shm_segment.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ipc/preview_slot.hpp"
#include "ipc/spsc_ring.hpp"

namespace bulkhead::ipc {
namespace {

constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

UniqueFd duplicate(int fd) { return UniqueFd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

/// A copy of a segment's bytes in a new memfd, for a test to damage.
UniqueFd copy_of(const ShmSegment& segment, off_t bytes, int seals) {
  UniqueFd copy{::memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  std::vector<char> content(ShmSegment::total_bytes());
  EXPECT_EQ(::pread(segment.fd(), content.data(), content.size(), 0),
            static_cast<ssize_t>(content.size()));
  EXPECT_EQ(::pwrite(copy.get(), content.data(), content.size(), 0),
            static_cast<ssize_t>(content.size()));
  EXPECT_EQ(::ftruncate(copy.get(), bytes), 0);
  EXPECT_EQ(::fcntl(copy.get(), F_ADD_SEALS, seals), 0);
  return copy;
}

class ShmSegmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = ShmSegment::create();
    ASSERT_TRUE(created) << created.error().message;
    segment_.emplace(std::move(*created));
  }
  static off_t size() { return static_cast<off_t>(ShmSegment::total_bytes()); }

  std::optional<ShmSegment> segment_;
};

TEST_F(ShmSegmentTest, IsSharedWithWhoeverAttachesItsDescriptor) {
  auto attached = ShmSegment::attach(duplicate(segment_->fd()));
  ASSERT_TRUE(attached) << attached.error().message;
  segment_->status().frames_inferred_total.store(41);
  EXPECT_EQ(attached->status().frames_inferred_total.load(), 41U);
}

TEST_F(ShmSegmentTest, HasItsMemoryReservedAtOnce) {
  struct stat status {};
  ASSERT_EQ(::fstat(segment_->fd(), &status), 0);
  EXPECT_EQ(status.st_size, size());
  EXPECT_GE(status.st_blocks * 512, size());
}

TEST_F(ShmSegmentTest, CannotChangeItsSizeOrItsSeals) {
  EXPECT_EQ(::ftruncate(segment_->fd(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(segment_->fd(), size() + 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fcntl(segment_->fd(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  EXPECT_EQ(::fcntl(segment_->fd(), F_GET_SEALS), kAllSeals);
}

TEST_F(ShmSegmentTest, HasPartsThatDoNotOverlap) {
  std::vector<std::span<std::byte>> parts{segment_->command_ring(), segment_->preview_slot()};
  for (const PriorityClass c : kAllPriorityClasses) parts.push_back(segment_->result_ring(c));
  parts.push_back({reinterpret_cast<std::byte*>(&segment_->status()), sizeof(segment_->status())});
  for (auto* flag :
       {&segment_->command_consumer_sleeping(), &segment_->result_consumer_sleeping()}) {
    parts.push_back({reinterpret_cast<std::byte*>(flag), kCacheLineBytes});
  }
  std::set<std::pair<std::byte*, std::byte*>> by_address;
  for (const auto part : parts) by_address.emplace(part.data(), part.data() + part.size());
  ASSERT_EQ(by_address.size(), parts.size());
  std::byte* end = nullptr;
  for (const auto& [from, to] : by_address) {
    EXPECT_GE(from, end);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(from) % kCacheLineBytes, 0U);
    end = to;
  }
}

TEST_F(ShmSegmentTest, HasThePlacesThatItsReadmeWritesDown) {
  // A change here is a new layout version and a new table in ipc/README.md.
  EXPECT_EQ(kLayoutVersion, 11U);
  EXPECT_EQ(ShmSegment::total_bytes(), 2'232'320U);
  const auto* start =
      reinterpret_cast<const std::byte*>(&segment_->command_consumer_sleeping()) - kCacheLineBytes;
  const auto at = [start](std::span<std::byte> part) { return part.data() - start; };
  EXPECT_EQ(at(segment_->command_ring()), 192);
  EXPECT_EQ(at(segment_->result_ring(PriorityClass::Control)), 131'392);
  EXPECT_EQ(at(segment_->result_ring(PriorityClass::Critical)), 393'664);
  EXPECT_EQ(at(segment_->result_ring(PriorityClass::Important)), 524'864);
  EXPECT_EQ(at(segment_->result_ring(PriorityClass::Bulk)), 1'049'280);
  EXPECT_EQ(at({reinterpret_cast<std::byte*>(&segment_->status()), 1}), 1'180'480);
  EXPECT_EQ(at(segment_->preview_slot()), 1'180'864);
}

TEST_F(ShmSegmentTest, KeepsItsPartsInPlaceWhenMoved) {
  const auto ring = segment_->command_ring();
  const ShmSegment moved = std::move(*segment_);
  EXPECT_EQ(moved.command_ring().data(), ring.data());
}

TEST_F(ShmSegmentTest, RefusesASegmentOfAnotherLayoutVersion) {
  UniqueFd other = copy_of(*segment_, size(), 0);
  const std::uint32_t version = kLayoutVersion + 1;
  ASSERT_EQ(::pwrite(other.get(), &version, sizeof version, 8), 4);
  ASSERT_EQ(::fcntl(other.get(), F_ADD_SEALS, kAllSeals), 0);
  const auto attached = ShmSegment::attach(std::move(other));
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code, ErrorCode::VersionMismatch);
}

TEST_F(ShmSegmentTest, RefusesASegmentOfAnotherSize) {
  for (const off_t bytes : {off_t{0}, off_t{64}, size() - 4096, size() + 4096}) {
    const auto attached = ShmSegment::attach(copy_of(*segment_, bytes, kAllSeals));
    ASSERT_FALSE(attached) << bytes;
    EXPECT_EQ(attached.error().code, ErrorCode::Corrupt);
  }
}

TEST_F(ShmSegmentTest, RefusesASegmentThatCouldStillShrink) {
  const auto attached = ShmSegment::attach(copy_of(*segment_, size(), F_SEAL_GROW));
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code, ErrorCode::Corrupt);
}

TEST_F(ShmSegmentTest, RefusesWhatIsNoSegment) {
  EXPECT_EQ(ShmSegment::attach(UniqueFd{}).error().code, ErrorCode::Corrupt);
  UniqueFd device{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  EXPECT_EQ(ShmSegment::attach(std::move(device)).error().code, ErrorCode::Corrupt);
  UniqueFd other = copy_of(*segment_, size(), 0);
  ASSERT_EQ(::pwrite(other.get(), "X", 1, 0), 1);
  EXPECT_EQ(ShmSegment::attach(std::move(other)).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace bulkhead::ipc
