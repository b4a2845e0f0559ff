// What a real PostgreSQL server keeps of results, and how its schema comes and changes.

#include <thread>

#include "tests/process/worker/postgres_fixture.hpp"

namespace bulkhead::worker {
namespace {

using test::sink_record;
using test::sink_records;

constexpr std::int64_t kDayNs = 86'400 * kNsPerSecond;

std::vector<SinkRecord> records_of_day(std::int64_t time_ns) {
  auto records = sink_records(1, 1, 3);
  for (SinkRecord& record : records) record.time_ns = time_ns;
  return records;
}

TEST_F(PostgresSinkTest, WhatIsWrittenIsReadBackWithItsColumns) {
  SinkRecord alert = sink_record(4, 1);
  alert.kind = RecordKind::Event;
  alert.priority = ipc::PriorityClass::Critical;
  alert.json = R"({"text":"quote \" back\\slash {},{\"}\n ü"})";
  open();
  write(sink_records(3, 1, 32));
  write({alert});
  const auto rows = admin(
      "SELECT session, generation, sequence, time AT TIME ZONE 'UTC', kind, "
      "class, message->>'sequence', message->>'text' FROM " +
      in_schema("record") + " ORDER BY generation, sequence");
  ASSERT_EQ(rows.size(), 33U);
  for (int i = 0; i < 32; ++i) {
    const auto row = rows[static_cast<pqxx::result::size_type>(i)];
    EXPECT_EQ(row[0].as<std::string>(), "display-001;cam-001");
    EXPECT_EQ(row[1].as<int>(), 3);
    EXPECT_EQ(row[2].as<int>(), i + 1);
    EXPECT_EQ(row[4].as<std::string>(), "detection");
    EXPECT_EQ(row[5].as<std::string>(), "IMPORTANT");
    EXPECT_EQ(row[6].as<int>(), i + 1);
  }
  EXPECT_EQ(rows[0][3].as<std::string>(), "2026-01-05 12:00:00.124456");
  EXPECT_EQ(rows[32][4].as<std::string>(), "event");
  EXPECT_EQ(rows[32][5].as<std::string>(), "CRITICAL");
  EXPECT_EQ(rows[32][7].as<std::string>(), "quote \" back\\slash {},{\"}\n ü");
}

TEST_F(PostgresSinkTest, ABatchThatIsSentAgainIsThereOnceAlsoWhereOnlyItsBeginningWas) {
  open();
  write(sink_records(1, 1, 3));
  write(sink_records(1, 1, 3));
  write(sink_records(1, 2, 5));
  EXPECT_EQ(keys(), keys_of(sink_records(1, 1, 5)));
}

TEST_F(PostgresSinkTest, AKeyThatAFormerInstallationUsedDoesNotHideARecordOfThisOne) {
  open();
  write({sink_record(1, 1)});
  SinkRecord other = sink_record(1, 1);
  other.time_ns += kDayNs;
  write({other});
  EXPECT_EQ(keys().size(), 2U);
}

TEST_F(PostgresSinkTest, ObjectsCanBeAskedForByLabelAndTrack) {
  open();
  SinkRecord alert = sink_record(1, 4);
  alert.kind = RecordKind::Event;
  write(sink_records(1, 1, 3));
  write({alert});
  EXPECT_EQ(asked("SELECT count(*) FROM " + in_schema("object") +
                  " WHERE label = 'car' AND track = '7' AND confidence > '0.4'"),
            "3");
}

TEST_F(PostgresSinkTest, ADayHasItsPartitionAndSoHasTheNextBeforeItBegins) {
  open();
  write(records_of_day(wall_ns()));
  write({sink_record(2, 1)});  // long ago
  EXPECT_EQ(asked("SELECT count(*) FROM " + in_schema("record_default")), "1");
  EXPECT_EQ(asked("SELECT count(*) FROM pg_inherits WHERE inhparent = '" + in_schema("record") +
                  "'::regclass"),
            "3");
  EXPECT_EQ(keys().size(), 4U);
}

TEST_F(PostgresSinkTest, AClockThatJumpsAboutLeavesNoPartitionsAndLosesNothing) {
  open();
  for (std::int64_t day = 0; day < 40; ++day) write(records_of_day(day * 1000 * kDayNs));
  EXPECT_EQ(asked("SELECT count(*) FROM pg_inherits WHERE inhparent = '" + in_schema("record") +
                  "'::regclass"),
            "1");
  EXPECT_EQ(asked("SELECT count(*) FROM " + in_schema("record")), "120");
}

TEST_F(PostgresSinkTest, RowsOfADayThatAreInTheDefaultPartitionDoNotKeepOthersOut) {
  open();
  const std::int64_t now = wall_ns();
  admin("INSERT INTO " + in_schema("record") + " VALUES ('other', 1, 1, now(), 'x', 'x', '{}')");
  write(records_of_day(now));
  EXPECT_EQ(keys().size(), 4U);
}

TEST_F(PostgresSinkTest, ManyWorkersThatStartAtOnceMakeTheSchemaOnce) {
  constexpr int kWorkers = 16;
  pqxx::connection connection{server_->admin_connection()};
  pqxx::nontransaction rival{connection};
  rival.exec("SELECT pg_advisory_lock(1651862635, hashtext('" + schema_ + "'))");
  std::vector<std::string> failures(kWorkers);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&, i] {
        PostgresSink sink{spec(), SubscriptionId::parse("cam-" + std::to_string(i)).value()};
        auto done = sink.open();
        if (done) done = sink.write(records_of_day(wall_ns()));
        if (!done) failures[static_cast<std::size_t>(i)] = done.error().message;
      });
    }
    await_blocked(kWorkers);  // all have seen that it is not there
    rival.exec("SELECT pg_advisory_unlock_all()");
  }
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  EXPECT_EQ(asked("SELECT count(*) FROM " + in_schema("record")), "48");
  EXPECT_EQ(asked("SELECT count(*) FROM " + in_schema("schema_version")), "1");
}

TEST_F(PostgresSinkTest, ASchemaThatIsThereIsUsedWithoutTheRightToCreate) {
  open();
  admin("REVOKE CREATE ON DATABASE postgres FROM " + role_);
  admin("ALTER SCHEMA " + schema_ + " OWNER TO admin");
  for (const char* table : {"record", "schema_version"}) {
    admin("ALTER TABLE " + in_schema(table) + " OWNER TO admin");
  }
  admin("GRANT USAGE ON SCHEMA " + schema_ + " TO " + role_);
  admin("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA " + schema_ + " TO " + role_);
  open();
  write(records_of_day(wall_ns()));  // no partition can be made
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(PostgresSinkTest, ASchemaOfALaterVersionIsLeftAlone) {
  open();
  admin("INSERT INTO " + in_schema("schema_version") + " VALUES (1000)");
  const Error error = refused_open(spec());
  EXPECT_EQ(error.code, ErrorCode::VersionMismatch);
  EXPECT_NE(error.message.find("1000"), std::string::npos) << error.message;
}

TEST_F(PostgresSinkTest, ASchemaMayBeNamedByAWordOfSql) {
  schema_ = "select";
  open();
  write({sink_record(1, 1)});
  EXPECT_EQ(asked(R"(SELECT count(*) FROM "select".record)"), "1");
}

TEST_F(PostgresSinkTest, TwoSessionsHaveTheSameKeysInOneTable) {
  open();
  write({sink_record(1, 1)});
  PostgresSink other{spec(), SubscriptionId::parse("cam-002").value()};
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(other.write(sink_records(1, 1, 1)));
  EXPECT_EQ(keys().size(), 2U);
}

}  // namespace
}  // namespace bulkhead::worker
