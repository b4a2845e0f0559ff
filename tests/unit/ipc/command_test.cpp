#include "ipc/command.hpp"

#include <gtest/gtest.h>

#include <random>
#include <variant>
#include <vector>

namespace bulkhead::ipc {
namespace {

std::vector<std::byte> encoded(const Command& command) {
  std::vector<std::byte> bytes;
  encode(command, bytes);
  return bytes;
}

Command command_of(CommandBody body) {
  return Command{.request_id = 3, .deadline_ns = 1'000, .body = std::move(body)};
}

TEST(Command, CarriesEachBody) {
  const auto stop = decode_command(encoded(command_of(Stop{})));
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->request_id, 3U);
  EXPECT_EQ(stop->deadline_ns, 1'000);
  EXPECT_TRUE(std::holds_alternative<Stop>(stop->body));

  const auto snapshot = decode_command(encoded(command_of(TakeSnapshot{.quality = 70})));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(std::get<TakeSnapshot>(snapshot->body).quality, 70);

  const auto level = decode_command(encoded(command_of(SetLogLevel{.level = "debug"})));
  ASSERT_TRUE(level);
  EXPECT_EQ(std::get<SetLogLevel>(level->body).level, "debug");
}

TEST(Command, DecidesAQualityAtItsLimits) {
  EXPECT_TRUE(decode_command(encoded(command_of(TakeSnapshot{.quality = 1}))));
  EXPECT_TRUE(decode_command(encoded(command_of(TakeSnapshot{.quality = 100}))));
  EXPECT_FALSE(decode_command(encoded(command_of(TakeSnapshot{.quality = 0}))));
  EXPECT_FALSE(decode_command(encoded(command_of(TakeSnapshot{.quality = 101}))));
}

TEST(Command, IsCorruptWhenCutOrExtended) {
  for (const CommandBody& body :
       {CommandBody{Stop{}}, CommandBody{TakeSnapshot{}}, CommandBody{SetLogLevel{"warn"}}}) {
    auto bytes = encoded(command_of(body));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_command(std::span{bytes}.first(size)));
    }
    bytes.push_back(std::byte{0});
    const auto decoded = decode_command(bytes);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
  }
}

TEST(Command, IsRefusedOrReadableWhateverItsBytes) {
  std::mt19937 random{7};
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = encoded(command_of(SetLogLevel{.level = "debug"}));
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto decoded = decode_command(bytes);
    if (!decoded) {
      ASSERT_EQ(decoded.error().code, ErrorCode::Corrupt);
      continue;
    }
    ASSERT_GE(decoded->deadline_ns, 0);
  }
}

}  // namespace
}  // namespace bulkhead::ipc
