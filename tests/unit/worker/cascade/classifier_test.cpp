#include "worker/cascade/classifier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bulkhead::worker {
namespace {

const std::vector<float> kLogits{1, 3, 2, -1};

TEST(SharesTest, OfSoftmaxTheyAreOfTheWantedClassesAlone) {
  const auto shares = shares_of(kLogits, {0, 2}, Activation::Softmax);
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_FLOAT_EQ(shares[1], std::exp(2.0F) / (std::exp(1.0F) + std::exp(2.0F)));
  EXPECT_FLOAT_EQ(shares[0] + shares[1], 1);
}

TEST(SharesTest, OfSigmoidEachStandsByItself) {
  const auto shares = shares_of(kLogits, {1, 3}, Activation::Sigmoid);
  EXPECT_FLOAT_EQ(shares[0], 1 / (1 + std::exp(-3.0F)));
  EXPECT_FLOAT_EQ(shares[1], 1 / (1 + std::exp(1.0F)));
}

TEST(SharesTest, ReadyOnesAreTakenAsTheyAre) {
  const std::vector<float> ready{0.5F, 0.2F, 0.3F};
  EXPECT_TRUE(are_shares(ready));
  EXPECT_FALSE(are_shares(kLogits));
  EXPECT_FALSE(are_shares(std::vector<float>{0.5F, 0.2F}));
  const auto shares = shares_of(ready, {1, 2}, Activation::Auto);
  EXPECT_FLOAT_EQ(shares[0], 0.4F);
  EXPECT_FLOAT_EQ(shares[1], 0.6F);
}

TEST(SharesTest, NumbersThatAreNoneAndHugeOnesGiveSharesAllTheSame) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> odd{nan, 1e30F, -1e30F, std::numeric_limits<float>::infinity()};
  for (const Activation activation : {Activation::Auto, Activation::Softmax, Activation::Sigmoid}) {
    for (const float share : shares_of(odd, {0, 1, 2, 3}, activation)) {
      EXPECT_GE(share, 0);
      EXPECT_LE(share, 1);
    }
  }
}

}  // namespace
}  // namespace bulkhead::worker
