// A worker that uses more than it may: it is ended and followed by another, and its neighbour does
// not feel it. Each by all means that this machine has to hold a worker to its limits.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "ipc/worker_fds.hpp"
#include "supervisor/process/worker_cgroups.hpp"
#include "tests/support/session_rig.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMemory = std::uint64_t{256} << 20;
// A sanitizer makes processes and threads so large that their number would not be what ends them.
constexpr std::uint64_t kAmpleMemory = 16 * kMemory;

std::unique_ptr<WorkerCgroups> make_cgroups() {
  auto hierarchy = find_own_cgroups();
  if (!hierarchy) return nullptr;
  auto made = WorkerCgroups::create(std::move(*hierarchy));
  return made ? std::move(*made) : nullptr;
}

/// With or without what every machine offers.
std::vector<MemoryEnforcement> offered_here(bool everywhere) {
  std::vector<MemoryEnforcement> offered;
  if (everywhere) offered.push_back(MemoryEnforcement::RlimitPss);
  if (const auto cgroups = make_cgroups()) {
    offered.push_back(cgroups->enforcement());
  } else if (everywhere) {
    std::fputs("Not registered, for no control group can be made here: their tests\n", stderr);
  }
  return offered;
}

std::string printed(const testing::TestParamInfo<MemoryEnforcement>& tested) {
  std::string name{name_of(tested.param)};
  std::erase(name, '+');
  return name;
}

class ResourceLimitsTest : public testing::TestWithParam<MemoryEnforcement> {
 protected:
  /// A session whose worker misbehaves beside one whose worker does not, until the first has been
  /// replaced and the second has gone on for a while.
  void run(const std::string& fixture, const std::string& misdeed,
           std::uint64_t memory_bytes = kMemory) {
    SessionLimits limits;
    limits.restart.first = 10ms;
    rig_.emplace(fixture, limits,
                 RigMachine{.memory_bytes = memory_bytes, .cgroups = cgroups_.get()});
    ASSERT_TRUE(rig_->table.subscribe(SessionRig::spec("sound", "/sound")));
    ASSERT_TRUE(rig_->until([&] { return rig_->results_of("sound") > 0; }));
    ASSERT_TRUE(rig_->table.subscribe(SessionRig::spec("bad", misdeed)));
    ASSERT_TRUE(rig_->until([&] { return rig_->is("bad", SessionState::Live, 2); }));
    const std::size_t seen = rig_->results_of("sound");
    ASSERT_TRUE(rig_->until([&] { return rig_->results_of("sound") > seen + 20; }));
    EXPECT_TRUE(rig_->view("sound").last_exits.empty());
    Sequence last = 0;
    for (const auto& result : rig_->results) {
      if (result.session != "sound") continue;
      EXPECT_EQ(result.sequence, last == 0 ? result.sequence : last + 1);
      last = result.sequence;
    }
    EXPECT_EQ(rig_->view("bad").memory_limit.bytes, memory_bytes);
    EXPECT_EQ(rig_->view("bad").memory_limit.enforcement, GetParam());
  }

  [[nodiscard]] ExitRecord ended() const { return rig_->view("bad").last_exits.at(0); }
  [[nodiscard]] bool counted_by_kernel() const {
    return GetParam() != MemoryEnforcement::RlimitPss;
  }

  std::unique_ptr<WorkerCgroups> cgroups_ = counted_by_kernel() ? make_cgroups() : nullptr;
  std::optional<SessionRig> rig_;
};

/// What only a control group does: without one nobody counts the processes of root.
class WorkerCgroupsTest : public ResourceLimitsTest {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WorkerCgroupsTest);

INSTANTIATE_TEST_SUITE_P(By, ResourceLimitsTest, testing::ValuesIn(offered_here(true)), printed);
INSTANTIATE_TEST_SUITE_P(By, WorkerCgroupsTest, testing::ValuesIn(offered_here(false)), printed);

TEST_P(ResourceLimitsTest, AHeapThatGrowsEndsItsWorkerOnlyAsOutOfMemory) {
  run("leaks_memory", "/heap");
  EXPECT_EQ(ended().reason, ErrorCode::OutOfMemory) << ended().text;
  if (counted_by_kernel()) {
    EXPECT_EQ(ended().signal, SIGKILL);
  }
  EXPECT_EQ(rig_->view("bad").restarts_by_reason.at("OUT_OF_MEMORY"), 1U);
}

TEST_P(ResourceLimitsTest, SharedMemoryCountsToo) {
  run("leaks_memory", "/shared");
  EXPECT_EQ(ended().reason, ErrorCode::OutOfMemory) << ended().text;
  EXPECT_EQ(ended().signal, SIGKILL);
}

TEST_P(ResourceLimitsTest, AThreadBombEndsItsWorkerOnlyAndIsNamed) {
  run("starts_too_many", "/threads", kAmpleMemory);
  EXPECT_EQ(ended().reason, ErrorCode::LimitReached) << ended().text;
  EXPECT_NE(ended().text.find("threads"), std::string::npos) << ended().text;
}

TEST_P(WorkerCgroupsTest, AForkBombEndsItsWorkerAndAllThatItStarted) {
  run("starts_too_many", "/processes", kAmpleMemory);
  EXPECT_EQ(ended().reason, ErrorCode::LimitReached) << ended().text;
}

TEST_P(ResourceLimitsTest, ADescriptorLeakEndsItsWorkerOnlyAndIsNamed) {
  run("leaks_descriptors", "/leaks");
  EXPECT_EQ(ended().reason, ErrorCode::LimitReached) << ended().text;
  EXPECT_EQ(ended().descriptors, limits::kWorkerDescriptors);
}

TEST_P(WorkerCgroupsTest, NoGroupOutlivesItsWorkersAndItsSupervisor) {
  const auto hierarchy = find_own_cgroups();
  const auto folder = hierarchy->memory / ("bulkhead-" + std::to_string(::getpid()));
  run("starts_too_many", "/processes");
  const auto groups = [&] {
    return std::distance(std::filesystem::directory_iterator{folder}, {});
  };
  EXPECT_TRUE(std::filesystem::exists(folder / "worker-2"));  // of the sound one
  rig_->table.stop_all([] {});
  ASSERT_TRUE(rig_->until([&] { return rig_->table.size() == 0; }));
  rig_.reset();
  cgroups_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder)) << groups();
}

TEST_P(WorkerCgroupsTest, WhatAKilledSupervisorLeftBehindIsRemovedByTheNext) {
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const auto left = find_own_cgroups()->memory / ("bulkhead-" + std::to_string(dead));
  ASSERT_TRUE(std::filesystem::create_directories(left / "worker-1"));
  cgroups_ = make_cgroups();
  EXPECT_FALSE(std::filesystem::exists(left));
}

}  // namespace
}  // namespace bulkhead::supervisor
