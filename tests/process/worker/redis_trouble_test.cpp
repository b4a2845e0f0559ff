// How a Redis server in trouble is told and outlived.

#include <sys/socket.h>

#include <thread>

#include "tests/process/worker/redis_fixture.hpp"

namespace bulkhead::worker {
namespace {

using test::sink_record;
using test::sink_records;

using RedisTroubleTest = RedisSinkTest;

TEST_F(RedisTroubleTest, WhereNobodyListensTheConnectionIsRefusedAndMayBeTriedAgain) {
  RedisSinkSpec spec;
  spec.account.port = test::free_port();
  const Error error = refused_open(spec);
  EXPECT_EQ(error.code, ErrorCode::ConnectFailed);
  EXPECT_NE(error.message.find(std::to_string(spec.account.port)), std::string::npos);
}

TEST_F(RedisTroubleTest, OnlyTheRightPasswordOpensAndTheWrongOneIsNotRepeated) {
  const test::RedisServer server{"requirepass correct-horse"};
  RedisSinkSpec spec = spec_of(server);
  EXPECT_EQ(refused_open(spec).code, ErrorCode::AuthFailed);
  spec.account.password = "wrong-donkey";
  const Error error = refused_open(spec);
  EXPECT_EQ(error.code, ErrorCode::AuthFailed);
  EXPECT_EQ(error.message.find("donkey"), std::string::npos) << error.message;
  spec.account.password = "correct-horse";
  open(spec);
  write({sink_record(1, 1)});
}

TEST_F(RedisTroubleTest, AServerThatDoesNotKnowAuthDoesNotMakeUsTellThePassword) {
  const test::RedisServer server{"rename-command AUTH \"\""};
  RedisSinkSpec spec = spec_of(server);
  spec.account.password = "the-secret";
  const Error error = refused_open(spec);
  EXPECT_EQ(error.message.find("the-secret"), std::string::npos) << error.message;
}

TEST_F(RedisTroubleTest, AUserWithoutTheRightToWriteIsNoFaultOfARecord) {
  const test::RedisServer server{"user reader on >pass ~* +ping +multi +exec"};
  RedisSinkSpec spec = spec_of(server);
  spec.account.user = "reader";
  spec.account.password = "pass";
  open(spec);
  const Error error = refused_write({sink_record(1, 1)});
  EXPECT_EQ(error.code, ErrorCode::Unavailable);
  EXPECT_NE(error.message.find("NOPERM"), std::string::npos) << error.message;
}

TEST_F(RedisTroubleTest, OfABatchThatIsRefusedInPartNothingIsThere) {
  const test::RedisServer server{"user writer on >pass ~* +ping +multi +exec +xadd"};
  RedisSinkSpec spec = spec_of(server);
  spec.account.user = "writer";
  spec.account.password = "pass";
  spec.publish = "all";  // which it may not
  open(spec);
  EXPECT_EQ(refused_write(sink_records(1, 1, 3)).code, ErrorCode::Unavailable);
  test::RedisClient client{server.port()};
  EXPECT_EQ(client.ids(kStream), Ids{});
}

TEST_F(RedisTroubleTest, AStoppedServerCostsTheLimitAndTheBatchIsThereOnceWhenItGoesOn) {
  test::RedisServer server;
  open(spec_of(server));
  write({sink_record(1, 1)});
  server.stop();
  EXPECT_EQ(refused_write(sink_records(1, 2, 33)).code, ErrorCode::Timeout);
  EXPECT_EQ(sink_->open().error().code, ErrorCode::Timeout);
  server.resume();
  open_again();
  write(sink_records(1, 2, 33));  // beside the first try, which the server still reads
  test::RedisClient client{server.port()};
  EXPECT_EQ(client.ids(kStream).size(), 33U);
  EXPECT_EQ(client.ids(kStream).back(), "1-33000");
}

TEST_F(RedisTroubleTest, NothingIsLostNorTwiceWhenTheServerIsKilledAmongBatchesAgainAndAgain) {
  constexpr Sequence kBatches = 300;
  constexpr Sequence kBatch = 32;
  test::RedisServer server;
  open(spec_of(server));
  std::size_t kills = 0;
  for (Sequence batch = 0; batch < kBatches; ++batch) {
    const auto records = sink_records(1, batch * kBatch + 1, (batch + 1) * kBatch);
    // Killed while the batch is on its way.
    std::thread killer;
    if (batch % 60 == 30) killer = std::thread{[&] { server.kill(); }};
    auto written = sink_->write(records);
    if (killer.joinable()) {
      killer.join();
      ++kills;
      server.start();
    }
    while (!written) {
      ASSERT_EQ(persistence_of(written.error().code), Persistence::Transient)
          << written.error().message;
      open_again();
      written = sink_->write(records);
    }
  }
  test::RedisClient client{server.port()};
  const auto ids = client.ids(kStream);
  ASSERT_EQ(ids.size(), kBatches * kBatch);
  for (Sequence sequence = 1; sequence <= ids.size(); ++sequence) {
    ASSERT_EQ(ids[sequence - 1], "1-" + std::to_string(sequence) + "000");
  }
  EXPECT_EQ(kills, 5U);
}

/// Something that listens where Redis should, and says `text`, over and over with a pause.
class Babbler {
 public:
  Babbler(std::string text, std::chrono::milliseconds pause) {
    listener_ = test::bound_socket(port_);
    ::listen(listener_.get(), 4);
    thread_ = std::jthread{[this, text = std::move(text), pause](const std::stop_token& stop) {
      UniqueFd client{::accept(listener_.get(), nullptr, nullptr)};
      while (!stop.stop_requested() &&
             ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0) {
        std::this_thread::sleep_for(pause);  // what it is for
      }
    }};
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::jthread thread_;
};

TEST_F(RedisTroubleTest, AServerThatDripsItsReplyCostsTheLimitAsAWhole) {
  const Babbler server{"+", std::chrono::milliseconds{20}};
  RedisSinkSpec spec;
  spec.account.port = server.port();
  EXPECT_EQ(refused_open(spec).code, ErrorCode::Timeout);
}

TEST_F(RedisTroubleTest, WhatSpeaksAnotherProtocolIsNotTakenForRedis) {
  const Babbler server{"SSH-2.0-other\r\n", std::chrono::milliseconds{20}};
  RedisSinkSpec spec;
  spec.account.port = server.port();
  EXPECT_EQ(refused_open(spec).code, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace bulkhead::worker
