#include "worker/model/optimized_model.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "common/limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

/// A cache whose builder writes text and counts how often it is asked.
class OptimizedModelsTest : public ::testing::Test {
 protected:
  Result<fs::path> find(const std::string& key) {
    return OptimizedModels{folder_}.find_or_build(key, [this](const fs::path& folder) {
      ++builds_;
      std::ofstream{folder / OptimizedModels::kModelName} << "graph";
      std::ofstream{folder / OptimizedModels::kWeightsName} << "weights";
      return Result<void>{};
    });
  }
  static std::string content(const fs::path& file) {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{folder_}, fs::directory_iterator{}));
  }

  test::TempDir dir_;
  fs::path folder_ = dir_.path() / "cache" / "models";
  int builds_ = 0;
};

TEST_F(OptimizedModelsTest, ACopyIsBuiltOnceAndThenFound) {
  const auto first = find("key");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(content(*first), "graph");
  EXPECT_EQ(content(first->parent_path() / OptimizedModels::kWeightsName), "weights");
  EXPECT_EQ(*find("key"), *first);
  EXPECT_EQ(builds_, 1);
}

TEST_F(OptimizedModelsTest, AnotherKeyIsAnotherCopy) {
  ASSERT_TRUE(find("a"));
  ASSERT_TRUE(find("b"));
  EXPECT_EQ(builds_, 2);
}

TEST_F(OptimizedModelsTest, ADamagedCopyIsBuiltAgain) {
  for (const std::string_view name : {OptimizedModels::kModelName, OptimizedModels::kWeightsName}) {
    const auto first = find("key");
    ASSERT_TRUE(first);
    const int before = builds_;
    std::ofstream{first->parent_path() / name} << "rotten";
    const auto again = find("key");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(builds_, before + 1) << name;
    EXPECT_EQ(content(*again), "graph");
    EXPECT_EQ(content(again->parent_path() / OptimizedModels::kWeightsName), "weights");
  }
  EXPECT_EQ(entries(), 1U) << "the damaged copy is gone";
}

TEST_F(OptimizedModelsTest, ACopyWithAFileMissingIsBuiltAgain) {
  const auto first = find("key");
  ASSERT_TRUE(first);
  fs::remove(first->parent_path() / OptimizedModels::kWeightsName);
  ASSERT_TRUE(find("key"));
  EXPECT_EQ(builds_, 2);
}

TEST_F(OptimizedModelsTest, AFailedBuildIsHandedUpAndLeavesNothing) {
  const auto failed = OptimizedModels{folder_}.find_or_build("key", [](const fs::path& folder) {
    std::ofstream{folder / OptimizedModels::kModelName} << "half";
    return Result<void>{Error{ErrorCode::Io, "no space left", {}}};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no space left");
  EXPECT_EQ(entries(), 0U);
}

TEST_F(OptimizedModelsTest, ABuildThatWritesNothingIsAnError) {
  const auto failed =
      OptimizedModels{folder_}.find_or_build("key", [](const fs::path&) { return Result<void>{}; });
  EXPECT_FALSE(failed);
}

TEST_F(OptimizedModelsTest, AFolderThatCannotBeMadeIsAnError) {
  const fs::path file = dir_.write("file", "");
  const auto failed = OptimizedModels{file / "cache"}.find_or_build(
      "key", [](const fs::path&) { return Result<void>{}; });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::Io);
}

TEST_F(OptimizedModelsTest, AnotherProcessThatWasFirstWins) {
  const auto slow = OptimizedModels{folder_}.find_or_build("key", [this](const fs::path& folder) {
    EXPECT_TRUE(find("key"));  // the other one, while we still build
    std::ofstream{folder / OptimizedModels::kModelName} << "later";
    return Result<void>{};
  });
  ASSERT_TRUE(slow) << slow.error().message;
  EXPECT_EQ(content(*slow), "graph");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OptimizedModelsTest, AtTheLimitTheCopyUnusedForLongestGoes) {
  const auto now = fs::file_time_type::clock::now();
  for (std::size_t i = 0; i < limits::kOptimizedModels; ++i) {
    ASSERT_TRUE(find(std::to_string(i)));
    fs::last_write_time(folder_ / std::to_string(i),
                        now - std::chrono::hours{100} + std::chrono::hours{i});
  }
  ASSERT_TRUE(find("0"));  // used again, so "1" is now the oldest
  ASSERT_TRUE(find("one more"));
  EXPECT_EQ(entries(), limits::kOptimizedModels);
  EXPECT_TRUE(fs::exists(folder_ / "0"));
  EXPECT_FALSE(fs::exists(folder_ / "1"));
}

TEST_F(OptimizedModelsTest, WhatOthersKeepInItsFolderIsNeverRemoved) {
  for (std::size_t i = 0; i < 2 * limits::kOptimizedModels; ++i) {
    fs::create_directories(folder_ / ("folder" + std::to_string(i)));
    std::ofstream{folder_ / ("file" + std::to_string(i))} << "precious";
  }
  ASSERT_TRUE(find("key"));
  EXPECT_EQ(entries(), 4 * limits::kOptimizedModels + 1);
}

TEST_F(OptimizedModelsTest, WhatAKilledBuilderLeftIsRemovedByALaterBuild) {
  fs::create_directories(folder_ / ".building.dead");
  fs::create_directories(folder_ / ".building.alive");
  fs::last_write_time(folder_ / ".building.dead",
                      fs::file_time_type::clock::now() - std::chrono::hours{2});
  ASSERT_TRUE(find("key"));
  EXPECT_FALSE(fs::exists(folder_ / ".building.dead"));
  EXPECT_TRUE(fs::exists(folder_ / ".building.alive"));
}

TEST(CpuFingerprintTest, IsTheSameEachTimeAndFitsAFileName) {
  EXPECT_EQ(cpu_fingerprint(), cpu_fingerprint());
  EXPECT_EQ(cpu_fingerprint().size(), 16U);
}

}  // namespace
}  // namespace bulkhead::worker
