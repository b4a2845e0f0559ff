// What a real Redis server keeps of results.

#include <memory>

#include "tests/process/worker/redis_fixture.hpp"

namespace bulkhead::worker {
namespace {

using test::sink_record;
using test::sink_records;

/// Tests that leave the server as they found it share one.
class SharedRedisTest : public RedisSinkTest {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<test::RedisServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  SharedRedisTest() : client_{server_->port()} {
    client_.call({"FLUSHALL"});
    open(spec_of(*server_));
  }

  static std::unique_ptr<test::RedisServer> server_;
  test::RedisClient client_;
};
std::unique_ptr<test::RedisServer> SharedRedisTest::server_;

TEST_F(SharedRedisTest, WhatIsWrittenIsReadBackInOrderWithItsFields) {
  SinkRecord alert = sink_record(4, 1);
  alert.kind = RecordKind::Event;
  alert.priority = ipc::PriorityClass::Critical;
  alert.json = std::string{"{\"text\":\"%s %b\\n\0 \r\n*1\"}", 24};  // no byte means anything
  write(sink_records(3, 1, 32));
  write({alert});
  const auto entries = client_.stream(kStream);
  ASSERT_EQ(entries.size(), 33U);
  for (Sequence sequence = 1; sequence <= 32; ++sequence) {
    const test::StreamEntry& entry = entries[sequence - 1];
    EXPECT_EQ(entry.id, "3-" + std::to_string(sequence) + "000");
    EXPECT_EQ(entry.fields,
              (Ids{"generation", "3", "sequence", std::to_string(sequence), "kind", "detection",
                   "class", "IMPORTANT", "json", sink_record(3, sequence).json}));
  }
  EXPECT_EQ(entries[32].fields, (Ids{"generation", "4", "sequence", "1", "kind", "event", "class",
                                     "CRITICAL", "json", alert.json}));
}

TEST_F(SharedRedisTest, ABatchThatIsSentAgainIsThereOnceAlsoWhereOnlyItsBeginningWas) {
  write(sink_records(1, 1, 3));
  write(sink_records(1, 1, 3));
  write(sink_records(1, 2, 5));
  EXPECT_EQ(client_.ids(kStream), (Ids{"1-1000", "1-2000", "1-3000", "1-4000", "1-5000"}));
}

TEST_F(SharedRedisTest, ARecordThatComesAfterALaterOneIsRefusedAsItsOwnFaultAndTheOthersAreTaken) {
  write({sink_record(1, 1), sink_record(1, 5)});
  const Error error = refused_write(sink_records(1, 2, 6));
  EXPECT_EQ(error.code, ErrorCode::InvalidParams);
  EXPECT_NE(error.message.find("1/2 "), std::string::npos) << error.message;
  // One by one, as after each permanent error, on the same connection.
  EXPECT_EQ(refused_write({sink_record(1, 2)}).code, ErrorCode::InvalidParams);
  EXPECT_EQ(refused_write({sink_record(1, 3)}).code, ErrorCode::InvalidParams);
  write({sink_record(1, 6)});
  write({sink_record(1, 7)});
  EXPECT_EQ(client_.ids(kStream), (Ids{"1-1000", "1-5000", "1-6000", "1-7000"}));
}

TEST_F(SharedRedisTest, ARecordOfAFormerGenerationThatComesLateIsRefusedAndNotTakenForWritten) {
  write({sink_record(2, 1)});
  write({sink_record(3, 1)});
  EXPECT_EQ(refused_write({sink_record(2, 2)}).code, ErrorCode::InvalidParams);
}

SinkRecord gap(Generation generation, Sequence sequence) {
  SinkRecord record = sink_record(generation, sequence);
  record.kind = RecordKind::Gap;
  record.json = R"({"reason":"queue_full"})";
  return record;
}

TEST_F(SharedRedisTest, AGapThatIsToldLateStandsBehindWhatCameBeforeItAndKeepsNoRecordOut) {
  write({sink_record(1, 1), sink_record(1, 4)});
  write({gap(1, 2), gap(1, 3), sink_record(1, 5)});
  write({gap(1, 3)});  // again
  write({sink_record(1, 6)});
  EXPECT_EQ(client_.ids(kStream),
            (Ids{"1-1000", "1-4000", "1-5000", "1-5001", "1-5002", "1-5003", "1-6000"}));
  EXPECT_EQ(client_.stream(kStream)[3].fields[3], "2");
}

TEST_F(SharedRedisTest, AGapAndTheRecordWithItsKeyAreNotHeldAgainstEachOther) {
  write({sink_record(1, 1), gap(1, 2)});
  write({gap(1, 1), sink_record(1, 2), sink_record(1, 3)});
  EXPECT_EQ(client_.ids(kStream), (Ids{"1-1000", "1-2000", "1-3000"}));
}

TEST_F(SharedRedisTest, MoreGapsThanThereIsRoomForAreRefusedAsTheirOwnFault) {
  write({sink_record(1, 1), sink_record(1, 500)});
  for (Sequence sequence = 2; sequence <= 333; sequence += 1) {
    write({gap(1, sequence), gap(1, sequence), gap(1, sequence)});
  }
  EXPECT_EQ(client_.ids(kStream).back(), "1-500996");
  write({gap(1, 2), gap(1, 3), gap(1, 4)});
  EXPECT_EQ(refused_write({gap(1, 2)}).code, ErrorCode::InvalidParams);
  write({sink_record(1, 501)});
  write({gap(1, 2)});
  EXPECT_EQ(client_.ids(kStream).back(), "1-501001");
}

TEST_F(SharedRedisTest, AnIdThatAnotherRecordHasIsRefusedAndNotTakenForWritten) {
  write({sink_record(1, 1)});
  SinkRecord other = sink_record(1, 1);
  other.json = "{}";
  const Error error = refused_write({other});
  EXPECT_EQ(error.code, ErrorCode::InvalidParams);
  EXPECT_NE(error.message.find(kStream), std::string::npos) << error.message;
}

TEST_F(SharedRedisTest, ARecordOlderThanAllThatTheStreamStillHoldsCountsAsWritten) {
  write(sink_records(9, 1, 10));
  client_.call({"XTRIM", kStream, "MAXLEN", "2"});
  write(sink_records(9, 7, 10));
  EXPECT_EQ(client_.ids(kStream), (Ids{"9-9000", "9-10000"}));
  write({sink_record(8, 100)});
  client_.call({"XTRIM", kStream, "MAXLEN", "0"});
  write(sink_records(9, 9, 11));
  EXPECT_EQ(client_.ids(kStream), (Ids{"9-11000"}));
}

TEST_F(SharedRedisTest, AStreamIsHeldNearItsMaximumLength) {
  RedisSinkSpec spec = spec_of(*server_);
  spec.max_length = 10;
  open(spec);
  for (Sequence first = 1; first < 1000; first += 32) write(sink_records(1, first, first + 31));
  EXPECT_LE(client_.ids(kStream).size(), 10 + 100U);  // a node of Redis holds 100
}

TEST_F(SharedRedisTest, WhoSubscribesGetsEachMessageAndTheLatestDetectionHasItsKeyForAWhile) {
  RedisSinkSpec spec = spec_of(*server_);
  spec.publish = "all";
  spec.latest_key = "latest:{session}";
  spec.latest_seconds = 100;
  open(spec);
  test::RedisClient subscriber{server_->port()};
  subscriber.call({"SUBSCRIBE", "all"});
  SinkRecord last = sink_record(1, 3);
  last.kind = RecordKind::Gap;
  write({sink_record(1, 1), sink_record(1, 2), last});
  for (Sequence sequence = 1; sequence <= 3; ++sequence) {
    const auto message = subscriber.next_message();
    ASSERT_EQ(message->elements, 3U);
    EXPECT_EQ(std::string(message->element[2]->str, message->element[2]->len),
              sink_record(1, sequence).json);
  }
  EXPECT_EQ(client_.text({"GET", "latest:display-001;cam-001"}), sink_record(1, 2).json);
  const int seconds = std::stoi(client_.text({"TTL", "latest:display-001;cam-001"}));
  EXPECT_TRUE(seconds > 0 && seconds <= 100) << seconds;
  EXPECT_EQ(client_.ids(kStream).size(), 3U);
}

TEST_F(SharedRedisTest, AServerThatAnswersTwoSecondsLateIsWaitedFor) {
  client_.call({"CLIENT", "PAUSE", "2000", "WRITE"});
  write(sink_records(1, 1, 3));
  EXPECT_EQ(client_.ids(kStream).size(), 3U);
}

TEST_F(SharedRedisTest, AReplicaRefusesAndTakesTheSameBatchOnceItIsPromoted) {
  write({sink_record(1, 1)});
  client_.call({"REPLICAOF", "127.0.0.1", "1"});
  const Error error = refused_write(sink_records(1, 2, 4));
  client_.call({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(error.code, ErrorCode::Unavailable);
  EXPECT_NE(error.message.find("replica"), std::string::npos) << error.message;
  open_again();
  write(sink_records(1, 2, 4));
  EXPECT_EQ(client_.ids(kStream), (Ids{"1-1000", "1-2000", "1-3000", "1-4000"}));
}

TEST_F(SharedRedisTest, AFullServerTakesNothingOfABatchAndAllOfItOnceThereIsRoom) {
  write({sink_record(1, 1)});
  client_.call({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  client_.call({"CONFIG", "SET", "maxmemory", "1mb"});
  const std::string filling(1024 * 1024, 'x');
  client_.call({"SET", "filling", filling});  // may be refused: then it is full already
  const Error error = refused_write(sink_records(1, 2, 4));
  EXPECT_EQ(error.code, ErrorCode::LimitReached) << error.message;
  EXPECT_EQ(client_.ids(kStream), Ids{"1-1000"});
  client_.call({"CONFIG", "SET", "maxmemory", "0"});
  open_again();
  write(sink_records(1, 2, 4));
  EXPECT_EQ(client_.ids(kStream), (Ids{"1-1000", "1-2000", "1-3000", "1-4000"}));
}

TEST_F(SharedRedisTest, AStreamsNameThatIsTakenByAnotherTypeIsNoFaultOfARecord) {
  client_.call({"SET", kStream, "text"});
  EXPECT_EQ(refused_write({sink_record(1, 1)}).code, ErrorCode::Unavailable);
}

TEST_F(SharedRedisTest, AfterATransientErrorNothingIsWrittenUntilItIsOpenedAgain) {
  client_.call({"SET", kStream, "text"});
  refused_write({sink_record(1, 1)});
  client_.call({"DEL", kStream});
  EXPECT_EQ(refused_write({sink_record(1, 1)}).code, ErrorCode::Unavailable);
  open_again();
  write({sink_record(1, 1)});
}

TEST_F(SharedRedisTest, ADatabaseThatIsNotThereIsAFaultOfTheConfiguration) {
  RedisSinkSpec spec = spec_of(*server_);
  spec.database = 99;
  EXPECT_EQ(refused_open(spec).code, ErrorCode::InvalidParams);
}

TEST_F(SharedRedisTest, RecordsGoToTheDatabaseOfTheConfiguration) {
  RedisSinkSpec spec = spec_of(*server_);
  spec.database = 5;
  open(spec);
  write({sink_record(1, 1)});
  EXPECT_EQ(client_.ids(kStream), Ids{});
  client_.call({"SELECT", "5"});
  EXPECT_EQ(client_.ids(kStream), Ids{"1-1000"});
}

TEST_F(SharedRedisTest, APasswordForAServerThatAsksForNoneIsAFaultOfTheConfiguration) {
  RedisSinkSpec spec = spec_of(*server_);
  spec.account.password = "the-secret";
  const Error error = refused_open(spec);
  EXPECT_EQ(error.code, ErrorCode::AuthFailed) << error.message;
  EXPECT_EQ(error.message.find("the-secret"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace bulkhead::worker
