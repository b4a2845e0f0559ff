#include "worker/sandbox/confinement.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <new>

#include "ipc/worker_fds.hpp"

namespace bulkhead::worker {
namespace {

// A sanitizer has an allocator of its own, which asks no handler.
#ifndef BULKHEAD_SANITIZED

constexpr std::size_t kMoreThanItMay = std::size_t{256} << 20;

[[noreturn]] void want_more_than_it_may() {
  end_when_out_of_memory();
  const rlimit limit{kMoreThanItMay / 2, kMoreThanItMay / 2};
  ::setrlimit(RLIMIT_DATA, &limit);
  // The function and not the expression, which a compiler may leave out.
  ::operator delete(::operator new(kMoreThanItMay));
  std::_Exit(0);
}

TEST(ConfinementDeathTest, ARefusedAllocationEndsTheWorkerWithTheCodeThatSaysSo) {
  EXPECT_EXIT(want_more_than_it_may(), testing::ExitedWithCode(ipc::kExitMemory), "");
}

#endif

}  // namespace
}  // namespace bulkhead::worker
