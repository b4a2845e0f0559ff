// What upserts make of a table of the operator's in a real PostgreSQL server.

#include "worker/sink/postgres_upsert.hpp"

#include "common/sink_limits.hpp"
#include "tests/process/worker/postgres_fixture.hpp"
#include "tests/support/action_records.hpp"

namespace bulkhead::worker {
namespace {

using test::car;
using test::detection_record;
using test::event_record;
using Rows = std::vector<std::string>;

RecordTemplate text(const std::string& text) { return RecordTemplate::parse(text).value(); }

/// Each test has a table `Cars` in a schema of its own.
class PostgresUpsertTest : public PostgresSinkTest {
 protected:
  PostgresUpsertTest() {
    admin("CREATE SCHEMA " + schema_ + " AUTHORIZATION " + role_);
    make_table("PRIMARY KEY (camera, track)");
  }

  void make_table(const std::string& constraint) {
    admin("CREATE TABLE " + in_schema("\"Cars\"") +
          " (camera text, track bigint, brand text, color text, confidence real, " + constraint +
          "); ALTER TABLE " + in_schema("\"Cars\"") + " OWNER TO " + role_);
  }
  [[nodiscard]] PostgresUpsertSpec cars() const {
    PostgresUpsertSpec cars;
    static_cast<PostgresServerSpec&>(cars) = spec();
    cars.table = schema_ + ".Cars";
    cars.key = {{"camera", text("{session}")}, {"track", text("{track}")}};
    cars.fields = {{"brand", text("{attribute.brand}")},
                   {"color", text("{attribute.color}")},
                   {"confidence", text("{confidence}")}};
    return cars;
  }

  void open_cars() { open_cars(cars()); }
  void open_cars(const PostgresUpsertSpec& cars) {
    upsert_.emplace(cars, session());
    open_cars_again();
  }
  void open_cars_again() {
    const auto opened = upsert_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void upsert(const std::vector<SinkRecord>& batch) {
    const auto written = upsert_->write(batch);
    ASSERT_TRUE(written) << written.error().message;
  }
  Error refused_upsert(const std::vector<SinkRecord>& batch) {
    const auto written = upsert_->write(batch);
    EXPECT_FALSE(written);
    return written ? Error{} : written.error();
  }
  Error refused_open_cars(const PostgresUpsertSpec& cars) {
    upsert_.emplace(cars, session());
    const auto opened = upsert_->open();
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  /// "track brand color", by track.
  Rows rows() {
    Rows rows;
    for (const auto& row :
         admin("SELECT concat_ws(' ', track, coalesce(brand, '-'), coalesce(color, "
               "'-')) FROM " +
               in_schema("\"Cars\"") + " ORDER BY track")) {
      rows.push_back(row[0].as<std::string>());
    }
    return rows;
  }

  std::optional<PostgresUpsert> upsert_;
};

TEST_F(PostgresUpsertTest, WhatTwoStagesSayAtDifferentTimesIsOneRow) {
  open_cars();
  upsert({detection_record(1, {car(7, "VW"), car(8)})});
  EXPECT_EQ(rows(), (Rows{"7 VW -", "8 - -"}));
  upsert({detection_record(2, {car(7, "", "red"), car(8, "Audi")})});
  EXPECT_EQ(rows(), (Rows{"7 VW red", "8 Audi -"}));
  upsert({detection_record(3, {car(7, "Seat", "red")})});
  EXPECT_EQ(rows(), (Rows{"7 Seat red", "8 Audi -"}));
  // Within a batch as well.
  upsert({detection_record(4, {car(9, "VW")}), detection_record(5, {car(9, "Seat")}),
          detection_record(6, {car(9, "", "red")})});
  EXPECT_EQ(rows(), (Rows{"7 Seat red", "8 Audi -", "9 Seat red"}));
  EXPECT_EQ(asked("SELECT camera || ' ' || confidence FROM " + in_schema("\"Cars\"")),
            "display-001;cam-001 0.75");
}

TEST_F(PostgresUpsertTest, ARowWaitsForItsKeyAndForAllBranchesThatTheFilterNames) {
  PostgresUpsertSpec spec = cars();
  spec.when.attributes = {"brand", "color"};
  open_cars(spec);
  upsert({detection_record(1, {car(7, "VW")}), event_record(2)});
  EXPECT_EQ(rows(), Rows{});
  upsert({detection_record(3, {car(7, "VW", "red"), car(8, "", "blue")})});
  EXPECT_EQ(rows(), Rows{"7 VW red"});
  open_cars();
  ipc::Event count;
  count.kind = EventKind::ZoneCount;
  upsert({event_record(4, count)});  // of nobody, so without a track
  EXPECT_EQ(rows(), Rows{"7 VW red"});
}

TEST_F(PostgresUpsertTest, ATrackThatEndsIsOneRowWithWhatIsKnownOfIt) {
  PostgresUpsertSpec spec = cars();
  spec.when.kinds = {"track.end"};
  open_cars(spec);
  const auto ended = [](const Object& object) {
    ipc::Event event;
    event.kind = EventKind::TrackEnd;
    event.object = object;
    return event;
  };
  upsert({detection_record(1, {car(7, "VW"), car(8)}), event_record(2, ended(car(8, "", "blue"))),
          event_record(3, ended(car(7, "Seat", "red")))});
  EXPECT_EQ(rows(), (Rows{"7 Seat red", "8 - blue"}));
}

TEST_F(PostgresUpsertTest, ARowThatWouldNotChangeIsNotWritten) {
  open_cars();
  upsert({detection_record(1, {car(7, "VW")})});
  const std::string version = "SELECT ctid FROM " + in_schema("\"Cars\"");
  const std::string before = asked(version);
  upsert({detection_record(2, {car(7, "VW")}), detection_record(3, {car(7)})});
  EXPECT_EQ(asked(version), before);
  upsert({detection_record(4, {car(7, "Seat")})});
  EXPECT_NE(asked(version), before);
}

TEST_F(PostgresUpsertTest, NoLabelIsReadAsAnythingButAText) {
  open_cars();
  std::vector<Object> objects;
  std::uint32_t track = 0;
  for (const std::string& hostile : test::hostile_texts()) {
    objects.push_back(car(++track, hostile, "{attribute.brand}"));
  }
  upsert({detection_record(1, objects)});
  const auto kept = admin("SELECT brand, color FROM " + in_schema("\"Cars\"") + " ORDER BY track");
  ASSERT_EQ(static_cast<std::size_t>(kept.size()), test::hostile_texts().size());
  for (std::size_t i = 0; i < test::hostile_texts().size(); ++i) {
    const auto row = kept[static_cast<pqxx::result::size_type>(i)];
    EXPECT_EQ(row[0].as<std::string>(), test::hostile_texts()[i]);
    EXPECT_EQ(row[1].as<std::string>(), "{attribute.brand}");
  }
  // Nor as a key.
  admin("DELETE FROM " + in_schema("\"Cars\""));
  PostgresUpsertSpec spec = cars();
  spec.key["camera"] = text("{attribute.brand}");
  spec.fields.erase("brand");
  open_cars(spec);
  for (const std::string& hostile : test::hostile_texts()) {
    upsert({detection_record(1, {car(7, hostile, "red")})});
    upsert({detection_record(2, {car(7, hostile, "blue")})});
  }
  const auto keys = admin("SELECT camera FROM " + in_schema("\"Cars\"") + " WHERE color = 'blue'");
  EXPECT_EQ(static_cast<std::size_t>(keys.size()), test::hostile_texts().size());
}

TEST_F(PostgresUpsertTest, WhatCannotBeKeptIsTheRecordsFaultAndItsNeighboursAreTakenAlone) {
  open_cars();
  const SinkRecord poison = detection_record(2, {car(7, std::string{"a\0b", 3})});
  EXPECT_EQ(refused_upsert({detection_record(1, {car(6, "VW")}), poison}).code,
            ErrorCode::InvalidParams);
  EXPECT_EQ(refused_upsert({poison}).code, ErrorCode::InvalidParams);
  EXPECT_EQ(rows(), Rows{});
  upsert({detection_record(1, {car(6, "VW")})});  // on the same connection
  EXPECT_EQ(rows(), Rows{"6 VW -"});
  // Nor what its column or a constraint refuses.
  PostgresUpsertSpec spec = cars();
  spec.fields["confidence"] = text("{label}");
  open_cars(spec);
  const Error of_type = refused_upsert({detection_record(1, {car(7)})});
  EXPECT_EQ(of_type.code, ErrorCode::InvalidParams) << of_type.message;
  EXPECT_NE(of_type.message.find("car"), std::string::npos) << of_type.message;
  admin("ALTER TABLE " + in_schema("\"Cars\"") + " ADD CHECK (brand <> 'Opel')");
  open_cars();
  EXPECT_EQ(refused_upsert({detection_record(1, {car(7, "Opel")})}).code, ErrorCode::InvalidParams);
  upsert({detection_record(1, {car(7, "Audi")})});
}

TEST_F(PostgresUpsertTest, TwoKeysThatTheTableTakesForOneAreTakenAlone) {
  PostgresUpsertSpec spec = cars();
  spec.key["track"] = text("{attribute.brand}");  // a number: 7 and 07 are the same
  spec.fields.erase("brand");
  open_cars(spec);
  const SinkRecord one = detection_record(1, {car(1, "7", "red")});
  const SinkRecord other = detection_record(2, {car(1, "07", "blue")});
  EXPECT_EQ(refused_upsert({one, other}).code, ErrorCode::InvalidParams);
  upsert({one});
  upsert({other});
  EXPECT_EQ(rows(), Rows{"7 - blue"});
}

TEST_F(PostgresUpsertTest, WhatIsMissingOfTheTableIsToldWithItsStateAndARemedyAndKeepsTheRecord) {
  open_cars();
  admin("ALTER TABLE " + in_schema("\"Cars\"") + " DROP CONSTRAINT \"Cars_pkey\"");
  const auto expect_missing = [&](const char* sqlstate, const char* remedy) {
    const Error of_open = refused_open_cars(cars());
    EXPECT_EQ(of_open.code, ErrorCode::NotFound) << of_open.message;
    EXPECT_NE(of_open.message.find(sqlstate), std::string::npos) << of_open.message;
    EXPECT_NE(of_open.message.find(remedy), std::string::npos) << of_open.message;
  };
  const Error of_write = refused_upsert({detection_record(1, {car(7)})});
  EXPECT_EQ(of_write.code, ErrorCode::Unavailable) << of_write.message;
  EXPECT_NE(of_write.message.find("42P10"), std::string::npos) << of_write.message;
  expect_missing("42P10", "unique constraint");
  admin("ALTER TABLE " + in_schema("\"Cars\"") + " DROP COLUMN color");
  expect_missing("42703", "add the column");
  admin("DROP TABLE " + in_schema("\"Cars\""));
  expect_missing("42P01", "create the table");
  make_table("UNIQUE (track, camera)");
  open_cars_again();
  upsert({detection_record(1, {car(7, "VW")})});
  EXPECT_EQ(rows(), Rows{"7 VW -"});
}

TEST_F(PostgresUpsertTest, ARightThatIsMissingIsToldAndIsNoFaultOfARecord) {
  open_cars();
  admin("ALTER TABLE " + in_schema("\"Cars\"") + " OWNER TO admin");
  admin("GRANT SELECT, INSERT ON " + in_schema("\"Cars\"") + " TO " + role_);
  EXPECT_EQ(refused_upsert({detection_record(1, {car(7)})}).code, ErrorCode::Unavailable);
  EXPECT_EQ(refused_open_cars(cars()).code, ErrorCode::PermissionDenied);
  admin("GRANT UPDATE ON " + in_schema("\"Cars\"") + " TO " + role_);
  open_cars_again();
  upsert({detection_record(1, {car(7)})});
}

TEST_F(PostgresUpsertTest, MoreRowsThanOneStatementHoldsAreOneTransaction) {
  open_cars();
  std::vector<SinkRecord> batch;
  std::uint32_t track = 0;
  for (Sequence sequence = 1; sequence <= limits::kSinkBatchRecords; ++sequence) {
    std::vector<Object> objects;
    for (int i = 0; i < 40; ++i) objects.push_back(car(++track, "VW", "red"));
    batch.push_back(detection_record(sequence, objects));
  }
  batch.push_back(detection_record(99, {car(++track, std::string{"\0", 1})}));
  EXPECT_EQ(refused_upsert(batch).code, ErrorCode::InvalidParams);
  EXPECT_EQ(rows(), Rows{}) << "all or none";
  batch.pop_back();
  upsert(batch);
  EXPECT_EQ(rows().size(), 40 * limits::kSinkBatchRecords);
}

TEST_F(PostgresUpsertTest, NothingIsLostNorTwiceWhenTheServerIsKilledAmongBatches) {
  constexpr std::uint32_t kBatches = 30;
  constexpr std::uint32_t kBatch = 32;
  open_cars();
  for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
    std::vector<SinkRecord> records;
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      const std::uint32_t track = batch * kBatch + i + 1;
      records.push_back(detection_record(2 * track, {car(track, "VW")}));
      records.push_back(detection_record(2 * track + 1, {car(track, "", "red")}));
    }
    ASSERT_NO_FATAL_FAILURE(write_until_taken(*upsert_, records, batch % 15 == 7));
  }
  const Rows kept = rows();
  ASSERT_EQ(kept.size(), kBatches * kBatch);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(kept[i], std::to_string(i + 1) + " VW red");
  }
}

}  // namespace
}  // namespace bulkhead::worker
