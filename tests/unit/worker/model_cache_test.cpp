#include "worker/model/model_cache.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bulkhead::worker {
namespace {

class ModelCacheTest : public ::testing::Test {
 protected:
  std::shared_ptr<int> get(const std::string& key) {
    return cache_.get(key, [this] { return std::make_shared<int>(++loaded_); });
  }
  /// Asked for, and at once used no more.
  void get_each_of(const std::string& keys) {
    for (const char key : keys) get({key});
  }

  ModelCache<int> cache_;
  int loaded_ = 0;
};

TEST_F(ModelCacheTest, WhoAsksForTheSameGetsTheSame) {
  const auto one = get("a");
  EXPECT_EQ(get("a"), one);
  EXPECT_NE(get("b"), one);
  EXPECT_EQ(loaded_, 2);
}

TEST_F(ModelCacheTest, OfWhatNobodyUsesTheOneUnusedForLongestGoes) {
  ASSERT_EQ(limits::kIdleModels, 2U);
  get_each_of("abacd");
  EXPECT_EQ(cache_.size(), 2U + 1U) << "d was in use when they were counted";
  EXPECT_EQ(loaded_, 4);
  get_each_of("ac");
  EXPECT_EQ(loaded_, 4) << "a was asked for after b";
  get_each_of("b");
  EXPECT_EQ(loaded_, 5);
}

TEST_F(ModelCacheTest, WhatIsInUseStaysHoweverManyThereAre) {
  std::vector<std::shared_ptr<int>> used;
  for (const char key : std::string{"abcdef"}) used.push_back(get({key}));
  EXPECT_EQ(get("a"), used.front());
  EXPECT_EQ(cache_.size(), 6U);
  used.clear();
  get("g");
  EXPECT_EQ(cache_.size(), limits::kIdleModels + 1);
}

TEST_F(ModelCacheTest, OneThatCannotBeLoadedIsTriedAgain) {
  const auto broken = []() -> std::shared_ptr<int> { throw std::runtime_error{"no model"}; };
  EXPECT_THROW(cache_.get("a", broken), std::runtime_error);
  EXPECT_EQ(cache_.size(), 0U);
  EXPECT_TRUE(get("a"));
}

TEST_F(ModelCacheTest, OfTwoWhoLoadTheSameAtOnceEachHasItAndOneIsKept) {
  std::shared_ptr<int> inner;
  const auto outer = cache_.get("a", [&] {
    inner = get("a");  // as another thread would meanwhile
    return std::make_shared<int>(++loaded_);
  });
  EXPECT_NE(inner, outer);
  EXPECT_EQ(get("a"), outer);
  EXPECT_EQ(cache_.size(), 1U);
}

}  // namespace
}  // namespace bulkhead::worker
