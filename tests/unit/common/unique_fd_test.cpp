#include "common/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace bulkhead {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

UniqueFd open_null() { return UniqueFd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; }

TEST(UniqueFd, AnEmptyOneHoldsNothing) {
  EXPECT_FALSE(UniqueFd{});
  EXPECT_EQ(UniqueFd{}.get(), -1);
}

TEST(UniqueFd, TheDescriptorIsClosedWithItsOwner) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    ASSERT_TRUE(fd);
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingHandsOverAndClosesWhatWasHeld) {
  UniqueFd first = open_null();
  UniqueFd second = open_null();
  const int kept = first.get();
  const int closed = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), kept);
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(is_open(closed));
}

TEST(UniqueFd, AReleasedDescriptorStaysOpen) {
  UniqueFd fd = open_null();
  const UniqueFd owner{fd.release()};
  EXPECT_FALSE(fd);
  fd.reset();
  EXPECT_TRUE(is_open(owner.get()));
}

}  // namespace
}  // namespace bulkhead
