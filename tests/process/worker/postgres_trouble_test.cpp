// How a PostgreSQL server in trouble is told and outlived.

#include <sys/mount.h>

#include <thread>

#include "tests/process/worker/postgres_fixture.hpp"
#include "worker/sink/postgres_connection.hpp"

namespace bulkhead::worker {
namespace {

using test::sink_record;
using test::sink_records;

class PostgresTroubleTest : public PostgresSinkTest {
 protected:
  /// An INSERT of one of the sink's own keys by somebody else.
  [[nodiscard]] std::string rival_insert(Sequence sequence) const {
    const SinkRecord record = sink_record(1, sequence);
    return "INSERT INTO " + in_schema("record") + " VALUES ('display-001;cam-001', 1, " +
           std::to_string(sequence) + ", timestamptz 'epoch' + " +
           std::to_string(record.time_ns / 1000) +
           " * interval '1 microsecond', 'detection', 'IMPORTANT', '{}') ON CONFLICT DO NOTHING";
  }
};

TEST_F(PostgresTroubleTest, WhereNobodyListensTheConnectionIsRefusedAndMayBeTriedAgain) {
  PostgresSinkSpec nowhere = spec();
  nowhere.account.port = test::free_port();
  EXPECT_EQ(refused_open(nowhere).code, ErrorCode::ConnectFailed);
}

TEST_F(PostgresTroubleTest, AWrongPasswordIsAFaultOfTheConfigurationAndIsNotRepeated) {
  PostgresSinkSpec wrong = spec();
  wrong.account.password = "wrong-donkey";
  const Error error = refused_open(wrong);
  EXPECT_EQ(error.code, ErrorCode::AuthFailed) << error.message;
  EXPECT_EQ(error.message.find("donkey"), std::string::npos) << error.message;
}

TEST_F(PostgresTroubleTest, ADatabaseThatIsNotThereIsAFaultOfTheConfiguration) {
  PostgresSinkSpec wrong = spec();
  wrong.database = "elsewhere";
  EXPECT_EQ(refused_open(wrong).code, ErrorCode::NotFound);
}

TEST_F(PostgresTroubleTest, WithoutTheRightToCreateTheSchemaIsAFaultOfTheConfiguration) {
  admin("REVOKE CREATE ON DATABASE postgres FROM " + role_);
  EXPECT_EQ(refused_open(spec()).code, ErrorCode::PermissionDenied);
}

TEST_F(PostgresTroubleTest, ARightThatIsTakenAwayIsNoFaultOfARecord) {
  open();
  admin("ALTER TABLE " + in_schema("record") + " OWNER TO admin");
  admin("REVOKE INSERT ON " + in_schema("record") + " FROM " + role_);
  const Error error = refused_write({sink_record(1, 1)});
  EXPECT_EQ(error.code, ErrorCode::Unavailable) << error.message;
  EXPECT_NE(error.message.find("grant"), std::string::npos) << error.message;
}

TEST_F(PostgresTroubleTest, ATableThatWasDroppedIsNoFaultOfARecord) {
  open();
  admin("DROP TABLE " + in_schema("record") + " CASCADE");
  EXPECT_EQ(refused_write({sink_record(1, 1)}).code, ErrorCode::Unavailable);
}

TEST_F(PostgresTroubleTest, ARecordThatCannotBeKeptIsAtFaultItselfAndItsNeighboursAreTakenAlone) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& poison :
       {std::string{R"({"text":"\u0000"})"}, std::string{"no JSON"}, std::string{"{} {}"},
        std::string{"a\0b", 3}, std::string{"\xff\xfe"}, deep}) {
    open();
    auto batch = sink_records(1, 1, 3);
    batch[1].json = poison;
    EXPECT_EQ(refused_write(batch).code, ErrorCode::InvalidParams) << poison.substr(0, 40);
    EXPECT_EQ(refused_write({batch[1]}).code, ErrorCode::InvalidParams) << poison.substr(0, 40);
    write({batch[0]});
    write({batch[2]});  // on the same connection
    EXPECT_EQ(keys(), (Keys{{1, 1}, {1, 3}}));
  }
}

TEST_F(PostgresTroubleTest, AServerThatOnlyReadsIsNoFaultOfARecordAndTakesTheBatchLater) {
  open();
  admin("ALTER ROLE " + role_ + " SET default_transaction_read_only = on");
  open_again();
  EXPECT_EQ(refused_write(sink_records(1, 1, 3)).code, ErrorCode::Unavailable);
  admin("ALTER ROLE " + role_ + " RESET default_transaction_read_only");
  open_again();
  write(sink_records(1, 1, 3));
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(PostgresTroubleTest, ADeadlockIsTransientAndTheBatchIsThereOnceAfterIt) {
  open();
  // The rival is patient, so that the sink is the one that is sacrificed.
  pqxx::connection connection{server_->admin_connection()};
  pqxx::nontransaction{connection}.exec("SET deadlock_timeout = '60s'");
  pqxx::work rival{connection};
  rival.exec(rival_insert(2));
  std::optional<Result<>> written;
  std::thread writer{[&] { written = sink_->write(sink_records(1, 1, 3)); }};
  await_blocked();
  rival.exec(rival_insert(1));  // which the sink has inserted, waiting for ours
  writer.join();
  ASSERT_FALSE(*written);
  EXPECT_EQ(written->error().code, ErrorCode::Unavailable) << written->error().message;
  EXPECT_NE(written->error().message.find("deadlock"), std::string::npos);
  rival.abort();
  open_again();
  write(sink_records(1, 1, 3));
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, 3)));
}

TEST_F(PostgresTroubleTest, ASerializationFailureIsTransientAndTheBatchIsThereOnceAfterIt) {
  open();
  admin("ALTER ROLE " + role_ + " SET default_transaction_isolation = 'repeatable read'");
  open_again();
  pqxx::connection connection{server_->admin_connection()};
  pqxx::work rival{connection};
  rival.exec(rival_insert(2));
  std::optional<Result<>> written;
  std::thread writer{[&] { written = sink_->write(sink_records(1, 1, 3)); }};
  await_blocked();
  rival.commit();
  writer.join();
  ASSERT_FALSE(*written);
  EXPECT_EQ(written->error().code, ErrorCode::Unavailable) << written->error().message;
  EXPECT_NE(written->error().message.find("serialize"), std::string::npos);
  open_again();
  write(sink_records(1, 1, 3));
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, 3)));
}

TEST_F(PostgresTroubleTest, ALockThatLastsCostsTheLimitAndIsTransient) {
  open();
  pqxx::connection connection{server_->admin_connection()};
  pqxx::work rival{connection};
  rival.exec("LOCK TABLE " + in_schema("record"));
  const Error error = refused_write({sink_record(1, 1)});
  EXPECT_EQ(error.code, ErrorCode::Timeout) << error.message;
  EXPECT_NE(error.message.find("statement timeout"), std::string::npos) << error.message;
}

TEST_F(PostgresTroubleTest, ALockThatEndsInTimeIsWaitedFor) {
  open();
  pqxx::connection connection{server_->admin_connection()};
  pqxx::work rival{connection};
  rival.exec("LOCK TABLE " + in_schema("record"));
  std::optional<Result<>> written;
  std::thread writer{[&] { written = sink_->write(sink_records(1, 1, 3)); }};
  await_blocked();
  rival.commit();
  writer.join();
  EXPECT_TRUE(*written);
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(PostgresTroubleTest, AConnectionThatTheServerEndsIsNotReplacedBehindOurBack) {
  open();
  admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role_ + "'");
  EXPECT_EQ(persistence_of(refused_write({sink_record(1, 1)}).code), Persistence::Transient);
  EXPECT_EQ(refused_write({sink_record(1, 1)}).code, ErrorCode::Unavailable);
  open_again();
  write({sink_record(1, 1)});
}

TEST_F(PostgresTroubleTest, ATransactionDoesNotConnectAnewEither) {
  PostgresConnection connection{connection_text(spec(), "test")};
  admin("SELECT pg_terminate_backend(" + std::to_string(connection.backendpid()) + ", 60000)");
  for (int i = 0; i < 2; ++i) EXPECT_ANY_THROW(pqxx::work{connection});
  EXPECT_FALSE(connection.is_open());
}

TEST_F(PostgresTroubleTest, AStoppedServerCostsTheLimitAndTheBatchIsThereOnceWhenItGoesOn) {
  open();
  write({sink_record(1, 1)});
  auto batch = sink_records(1, 2, 33);
  for (SinkRecord& record : batch) {  // more than the sockets hold
    record.json = R"({"text":")" + std::string(std::size_t{200} * 1024, 'x') + R"("})";
  }
  server_->stop();
  const Error of_write = refused_write(batch);
  const auto opened = sink_->open();
  server_->resume();
  EXPECT_EQ(of_write.code, ErrorCode::Timeout) << of_write.message;
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::Timeout) << opened.error().message;
  open_again();
  write(batch);  // beside the first try, part of which the server still reads
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, 33)));
}

TEST_F(PostgresTroubleTest, AFullDiskIsTransientAndTheBatchIsThereOnceThereIsRoom) {
  const std::filesystem::path disk = server_->folder() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=512k") != 0) {
    GTEST_SKIP() << "a small disk needs root";
  }
  const std::string space = (disk / "space").string();
  std::filesystem::create_directory(space);
  test::PostgresServer::give_away(space);
  admin("CREATE TABLESPACE small LOCATION '" + space + "'");
  admin("GRANT CREATE ON TABLESPACE small TO " + role_);
  admin("ALTER ROLE " + role_ + " SET default_tablespace = 'small'");
  open();
  std::optional<Error> error;
  Sequence first = 1;
  for (; !error && first < 10'000; first += 32) {
    const auto written = sink_->write(sink_records(1, first, first + 31));
    if (!written) error = written.error();
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::LimitReached) << error->message;
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  open_again();
  write(sink_records(1, first - 32, first - 1));
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, first - 1)));
  admin("DROP SCHEMA " + schema_ + " CASCADE");
  admin("DROP TABLESPACE small");
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST_F(PostgresTroubleTest, NothingIsLostNorTwiceWhenTheServerIsKilledAmongBatchesAgainAndAgain) {
  constexpr Sequence kBatches = 90;
  constexpr Sequence kBatch = 32;
  open();
  for (Sequence batch = 0; batch < kBatches; ++batch) {
    const auto records = sink_records(1, batch * kBatch + 1, (batch + 1) * kBatch);
    ASSERT_NO_FATAL_FAILURE(write_until_taken(*sink_, records, batch % 30 == 15));
  }
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, kBatches * kBatch)));
}

}  // namespace
}  // namespace bulkhead::worker
