#include "supervisor/control/connections.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace bulkhead::supervisor {
namespace {

TEST(ConnectionsTest, TheLastPlacesAreForThisMachineAlone) {
  const auto connections = std::make_shared<Connections>(3, 1, 0);
  std::vector<Connections::Place> places;
  for (int i = 0; i < 2; ++i) {
    auto place = connections->admit(false);
    ASSERT_TRUE(place);
    places.push_back(*std::move(place));
  }
  EXPECT_FALSE(connections->admit(false));
  {
    const auto of_the_operator = connections->admit(true);
    EXPECT_TRUE(of_the_operator);
    EXPECT_FALSE(connections->admit(true));
  }
  places.pop_back();
  EXPECT_TRUE(connections->admit(false));
}

TEST(ConnectionsTest, ThisMachineMayHaveAllOfThem) {
  const auto connections = std::make_shared<Connections>(2, 64, 0);
  EXPECT_FALSE(connections->admit(false));
  const auto first = connections->admit(true);
  const auto second = connections->admit(true);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(connections->admit(true));
}

}  // namespace
}  // namespace bulkhead::supervisor
