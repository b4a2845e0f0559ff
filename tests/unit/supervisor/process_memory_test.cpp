#include "supervisor/process/process_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;
constexpr std::size_t kSlack = std::size_t{16} << 20;  // what the process does besides

class Mapping {
 public:
  /// Filled by the kernel: a sanitizer has shadows of what we write ourselves.
  explicit Mapping(int flags)
      : at_{::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_POPULATE,
                   -1, 0)} {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(at_, kBytes); }

 private:
  void* at_;
};

TEST(ProcessMemory, OnlyWhatIsSharedWithNobodyIsAnonymous) {
  const auto before = memory_of(::getpid());
  ASSERT_TRUE(before);
  {
    const Mapping shared{MAP_SHARED};
    const auto with_shared = memory_of(::getpid());
    ASSERT_TRUE(with_shared);
    EXPECT_GE(with_shared->resident_bytes + kSlack, before->resident_bytes + kBytes);
    EXPECT_LT(with_shared->anonymous_bytes, before->anonymous_bytes + kSlack);
  }
  const Mapping own{MAP_PRIVATE};
  const auto with_own = memory_of(::getpid());
  ASSERT_TRUE(with_own);
  EXPECT_GE(with_own->anonymous_bytes + kSlack, before->anonymous_bytes + kBytes);
}

TEST(ProcessMemory, WhatNoFileBacksIsCountedWhetherItIsSharedOrNot) {
  for (const auto count : {unbacked_bytes, proportional_bytes}) {
    const auto before = count(::getpid());
    ASSERT_TRUE(before);
    const Mapping shared{MAP_SHARED};
    const Mapping own{MAP_PRIVATE};
    const auto after = count(::getpid());
    ASSERT_TRUE(after);
    EXPECT_GE(*after + kSlack, *before + 2 * kBytes);
    EXPECT_LT(*after, *before + 2 * kBytes + kSlack);
  }
}

TEST(ProcessMemory, OfAProcessThatIsNotThereNothingIsKnown) {
  constexpr pid_t kNobody = 0x7fffffff;
  EXPECT_FALSE(memory_of(kNobody));
  EXPECT_FALSE(unbacked_bytes(kNobody));
  EXPECT_FALSE(proportional_bytes(kNobody));
}

}  // namespace
}  // namespace bulkhead::supervisor
