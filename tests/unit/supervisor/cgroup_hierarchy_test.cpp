// Where groups can be made, and what is written there, on a tree of plain files: a machine offers
// one version only.

#include "supervisor/process/cgroup_hierarchy.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "supervisor/process/kernel_file.hpp"
#include "supervisor/process/worker_cgroups.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

class CgroupHierarchyTest : public testing::Test {
 protected:
  /// A line of mountinfo for a hierarchy that is mounted at `point` of the tree.
  [[nodiscard]] std::string mounted(const std::string& type, const std::string& point,
                                    const std::string& options,
                                    const std::string& root = "/") const {
    return "30 23 0:26 " + root + ' ' + (point.empty() ? tree() : tree() / point).string() +
           " rw,nosuid shared:4 - " + type + " source rw," + options + '\n';
  }

  void put(const fs::path& file, const std::string& text) const {
    fs::create_directories((tree() / file).parent_path());
    std::ofstream{tree() / file} << text;
  }

  [[nodiscard]] std::string text_of(const fs::path& file) const {
    std::ifstream stream{tree() / file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  [[nodiscard]] fs::path tree() const { return folder_.path(); }

 private:
  test::TempDir folder_;
};

TEST_F(CgroupHierarchyTest, VersionTwoIsTakenWhereItsGroupHasTheMemoryController) {
  put("system.slice/bulkhead.service/cgroup.controllers", "cpu memory pids\n");
  const auto found =
      find_cgroups(mounted("cgroup2", "", "nsdelegate"), "0::/system.slice/bulkhead.service\n");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->enforcement, MemoryEnforcement::Cgroup2);
  EXPECT_EQ(found->memory, tree() / "system.slice/bulkhead.service");
  EXPECT_EQ(found->pids, found->memory);
}

TEST_F(CgroupHierarchyTest, VersionOneIsTakenWhereVersionTwoHasNoMemoryController) {
  put("unified/own/cgroup.controllers", "hugetlb\n");
  const auto found =
      find_cgroups(mounted("cgroup2", "unified", "x") + mounted("cgroup", "memory", "memory") +
                       mounted("cgroup", "pids", "pids"),
                   "4:memory:/batch/7\n8:pids:/\n0::/own\n");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->enforcement, MemoryEnforcement::Cgroup1);
  EXPECT_EQ(found->memory, tree() / "memory/batch/7");
  EXPECT_EQ(found->pids, tree() / "pids");
}

TEST_F(CgroupHierarchyTest, ControllersThatAreMountedTogetherAreFoundByTheirOption) {
  const auto found =
      find_cgroups(mounted("cgroup", "both", "memory,pids"), "4:memory,pids:/batch\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->memory, tree() / "both/batch");
  EXPECT_EQ(found->pids, tree() / "both/batch");
}

TEST_F(CgroupHierarchyTest, AMountThatShowsOnlyAContainersPartIsReadFromThere) {
  put("cgroup.controllers", "memory\n");
  const auto found = find_cgroups(mounted("cgroup2", "", "x", "/docker/12"), "0::/docker/12\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->memory, tree());
  EXPECT_TRUE(found->pids.empty()) << "it has no such controller";
  EXPECT_FALSE(find_cgroups(mounted("cgroup2", "", "x", "/docker/12"), "0::/elsewhere\n"));
}

TEST_F(CgroupHierarchyTest, WithoutAMemoryControllerThereIsNone) {
  const std::string mounts = mounted("cgroup", "pids", "pids") + mounted("tmpfs", "", "x");
  const auto found = find_cgroups(mounts, "8:pids:/\n");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::Unavailable);
}

TEST_F(CgroupHierarchyTest, TextsThatMakeNoSenseAreNoGroups) {
  for (const std::string text : {"", "\n\n", "0", "::", "a b c - d", "- - - - - - -", " - "}) {
    EXPECT_FALSE(find_cgroups(text, text)) << text;
    EXPECT_FALSE(find_cgroups(mounted("cgroup", "memory", "memory"), text)) << text;
  }
}

TEST_F(CgroupHierarchyTest, LimitsOfVersionTwoForbidSwapAndEndTheGroupAsOne) {
  for (const char* file : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max"}) {
    put(file, "max");
  }
  ASSERT_TRUE(write_limits(MemoryEnforcement::Cgroup2, tree(), tree(),
                           {.memory_bytes = 1 << 30, .tasks = 12}));
  EXPECT_EQ(text_of("memory.max"), "1073741824");
  EXPECT_EQ(text_of("memory.swap.max"), "0ax");  // a plain file keeps what was not overwritten
  EXPECT_EQ(text_of("memory.oom.group"), "1ax");
  EXPECT_EQ(text_of("pids.max"), "12x");
}

TEST_F(CgroupHierarchyTest, LimitsOfVersionOneCountMemoryAndSwapTogether) {
  put("memory.limit_in_bytes", "");
  put("memory.memsw.limit_in_bytes", "");
  ASSERT_TRUE(write_limits(MemoryEnforcement::Cgroup1, tree(), {}, {.memory_bytes = 4096}));
  EXPECT_EQ(text_of("memory.limit_in_bytes"), "4096");
  EXPECT_EQ(text_of("memory.memsw.limit_in_bytes"), "4096");
}

TEST_F(CgroupHierarchyTest, AKernelWithoutSwapAccountingIsNoObstacleButOneWithoutTheLimitIs) {
  put("memory.max", "");
  EXPECT_TRUE(write_limits(MemoryEnforcement::Cgroup2, tree(), {}, {.memory_bytes = 4096}));
  EXPECT_FALSE(write_limits(MemoryEnforcement::Cgroup1, tree(), {}, {.memory_bytes = 4096}));
}

TEST_F(CgroupHierarchyTest, KillsForMemoryAreReadFromTheFileOfEachVersion) {
  EXPECT_EQ(memory_kills(MemoryEnforcement::Cgroup2, tree()), 0U);
  put("memory.events", "low 0\nhigh 0\nmax 7\noom 5\noom_kill 3\noom_group_kill 1\n");
  put("memory.oom_control", "oom_kill_disable 9\nunder_oom 8\noom_kill 2\n");
  EXPECT_EQ(memory_kills(MemoryEnforcement::Cgroup2, tree()), 3U);
  EXPECT_EQ(memory_kills(MemoryEnforcement::Cgroup1, tree()), 2U);
}

TEST(KernelFile, ANumberIsFoundAfterItsNameOnly) {
  EXPECT_EQ(number_after("a 1\nb\t 22\n", "b"), 22U);
  EXPECT_EQ(number_after("a 1", "c"), std::nullopt);
  EXPECT_EQ(number_after("a ", "a"), std::nullopt);
  EXPECT_EQ(number_after("a x", "a"), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::supervisor
