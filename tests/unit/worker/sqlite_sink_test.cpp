// What a worker keeps on its own disk: that it is there once, in order, within its bounds, and what
// happens where the disk or the file does not do.

#include "common/sink_limits.hpp"
#include "tests/support/sqlite_sink_fixture.hpp"

namespace bulkhead::worker {
namespace {

TEST_F(SqliteSinkTest, ResultsAreKeptInTheOrderOfTimeAndAsTheyAre) {
  const auto first = detection("hall;1", 1, now_, {SeenThing{}});
  write({first, detection("hall;1", 2, now_ + 5, {SeenThing{}})});
  write({detection("hall;1", 3, now_ - kHourNs, {SeenThing{}})});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{3, 1, 2}));
  SQLite::Database database{file().string()};
  SQLite::Statement row{database, "SELECT * FROM result WHERE sequence=1"};
  ASSERT_TRUE(row.executeStep());
  EXPECT_EQ(row.getColumn(0).getInt64(), now_);
  EXPECT_EQ(row.getColumn(1).getInt(), 1);
  EXPECT_EQ(row.getColumn(3).getInt(), 1);
  EXPECT_EQ(row.getColumn(4).getInt(), 2);
  EXPECT_EQ(row.getColumn(5).getString(), first.json);
}

TEST_F(SqliteSinkTest, ABatchThatIsOfferedAgainIsThereOnce) {
  const std::vector<SinkRecord> batch{detection("hall;1", 1, now_, {SeenThing{}}),
                                      detection("hall;1", 2, now_ + 1, {SeenThing{}})};
  write(batch);
  write(batch);
  // By another worker of the session, too.
  SqliteSink other{options()};
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(other.write(batch));
  write({batch[1], detection("hall;1", 1, now_ + 2, {SeenThing{}}, 2)});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{1, 2, 1}));
  EXPECT_EQ(postings(ipc::HistoryTerm::Label, "car"), 3);
}

TEST_F(SqliteSinkTest, ResultsOfOneMomentAreAllKept) {
  std::vector<SinkRecord> batch;
  for (Sequence i = 1; i <= 100; ++i) batch.push_back(detection("hall;1", i, now_, {SeenThing{}}));
  write(batch);
  EXPECT_EQ(sequences().size(), 100U);
  EXPECT_EQ(sequences().back(), 100);
}

TEST_F(SqliteSinkTest, AResultIsFoundByEachThingItHolds) {
  write({detection("hall;1", 1, now_,
                   {SeenThing{.label = "car",
                              .track = 12,
                              .zones = {"entry", "road"},
                              .attributes = {{"plate", "B 1"}}},
                    SeenThing{.label = "car"}, SeenThing{.label = "dog"}}),
         test::event("hall;1", 2, now_ + 1,
                     {{"kind", "zone_enter"},
                      {"zone", "gate"},
                      {"trackId", 13},
                      {"label", "person"},
                      {"attributes", {{"hat", {{"label", "blue"}}}}},
                      {"context", "shop-17"}})});
  using Term = ipc::HistoryTerm;
  for (const auto& [term, first, second] : {std::tuple{Term::Label, "car", ""},
                                            {Term::Label, "dog", ""},
                                            {Term::Label, "person", ""},
                                            {Term::Track, "12", ""},
                                            {Term::Track, "13", ""},
                                            {Term::Zone, "entry", ""},
                                            {Term::Zone, "road", ""},
                                            {Term::Zone, "gate", ""},
                                            {Term::Attribute, "plate", ""},
                                            {Term::AttributeValue, "plate", "B 1"},
                                            {Term::Attribute, "hat", ""},
                                            {Term::AttributeValue, "hat", "blue"},
                                            {Term::Context, "shop-17", ""},
                                            {Term::Kind, "2", ""}}) {
    EXPECT_EQ(postings(term, first, second), 1) << first << " " << second;
  }
  EXPECT_EQ(number("SELECT count(*) FROM posting"), 14);
}

TEST_F(SqliteSinkTest, AFrameInWhichNothingWasSeenTakesNoRoom) {
  write({detection("hall;1", 1, now_, {}), detection("hall;1", 2, now_, {SeenThing{}})});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{2}));
}

TEST_F(SqliteSinkTest, TextThatIsNoJsonIsOneRecordsFaultForEver) {
  auto bad = detection("hall;1", 2, now_, {SeenThing{}});
  for (const std::string& text :
       {std::string{"{"}, std::string{"[]"}, std::string{"{\"a\":\"\xff\"}"},
        "{\"a\":\"" + std::string(limits::kJsonBytes, 'x') + "\"}", std::string{}}) {
    bad.json = text;
    const auto refused =
        sink_->write(std::vector{detection("hall;1", 1, now_, {SeenThing{}}), bad});
    ASSERT_FALSE(refused);
    EXPECT_EQ(persistence_of(refused.error().code), Persistence::Permanent);
    EXPECT_NE(refused.error().message.find("1/2"), std::string::npos) << refused.error().message;
  }
  EXPECT_TRUE(sequences().empty()) << "all or nothing";
  write({detection("hall;1", 1, now_, {SeenThing{}})});
}

TEST_F(SqliteSinkTest, WhatIsTooOldIsTakenAwayAndCannotBeFoundAnyMore) {
  write({detection("hall;1", 1, now_ - 30 * kHourNs, {SeenThing{.label = "bus", .track = 7}}),
         detection("hall;1", 2, now_ - 20 * kHourNs, {SeenThing{}})});
  EXPECT_EQ(sequences().size(), 2U);
  auto day = options();
  day.max_age = std::chrono::hours{24};
  make(std::move(day));
  write({detection("hall;1", 3, now_, {SeenThing{}})});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(postings(ipc::HistoryTerm::Label, "bus"), 0);
  EXPECT_EQ(postings(ipc::HistoryTerm::Track, "7"), 0);
  EXPECT_EQ(postings(ipc::HistoryTerm::Label, "car"), 2);
}

TEST_F(SqliteSinkTest, TheFileStaysWithinItsSizeAndHoldsTheNewest) {
  constexpr std::uint64_t kBytes = 512 * 1024;
  auto small = options();
  small.max_bytes = kBytes;
  make(std::move(small));
  Sequence sequence = 0;
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<SinkRecord> records;
    for (int i = 0; i < 32; ++i) {
      ++sequence;
      records.push_back(detection("hall;1", sequence, now_ + static_cast<std::int64_t>(sequence),
                                  {SeenThing{.track = static_cast<std::uint32_t>(sequence)}}));
    }
    write(records);
  }
  const auto kept = sequences();
  EXPECT_EQ(kept.back(), 3200);
  EXPECT_EQ(kept.size(), static_cast<std::size_t>(3200 - kept.front() + 1)) << "the newest";
  EXPECT_GT(kept.size(), 200U);
  sink_.reset();  // its log goes into the file
  EXPECT_LE(fs::file_size(file()), kBytes + 64 * 1024);
  EXPECT_FALSE(fs::exists(file().string() + "-wal"));
}

TEST_F(SqliteSinkTest, OneStepTakesAwayABoundedNumber) {
  std::vector<SinkRecord> old;
  for (Sequence i = 1; i <= 2000; ++i) {
    old.push_back(detection("hall;1", i, now_ - 30 * kHourNs, {SeenThing{}}));
  }
  write(old);
  auto day = options();
  day.max_age = std::chrono::hours{24};
  make(std::move(day));
  write({detection("hall;1", 3000, now_, {SeenThing{}})});
  const auto left = sequences().size();
  EXPECT_GE(left, 2001 - limits::kHistoryStepRows - 2);
  EXPECT_LE(left, 2001U - 2);
  for (int i = 1; i <= 1000 && sequences().size() > static_cast<std::size_t>(i); ++i) {
    write({detection("hall;1", 3000 + static_cast<Sequence>(i), now_, {SeenThing{}})});
  }
  EXPECT_EQ(sequences().front(), 3000);
}

TEST_F(SqliteSinkTest, AFileThatShrankGivesItsRoomBack) {
  std::vector<SinkRecord> old;
  for (Sequence i = 1; i <= 4000; ++i) {
    old.push_back(detection("hall;1", i, now_ - 30 * kHourNs, {SeenThing{}}));
  }
  write(old);
  auto day = options();
  day.max_age = std::chrono::hours{24};
  make(std::move(day));
  const std::int64_t pages = number("PRAGMA page_count");
  // A step ends with its time, too, so their number depends on the machine: two results each at
  // least.
  for (Sequence i = 1; i <= 2000 && number("PRAGMA page_count") >= pages / 2; ++i) {
    write({detection("hall;1", 5000 + i, now_, {SeenThing{}})});
  }
  EXPECT_LT(number("PRAGMA page_count"), pages / 2);
}

TEST_F(SqliteSinkTest, AnotherWhoHoldsTheFileIsWaitedForAndThenItIsTriedLater) {
  SQLite::Database other{file().string(), SQLite::OPEN_READWRITE};
  other.exec("BEGIN IMMEDIATE");
  const auto refused = sink_->write(std::vector{detection("hall;1", 1, now_, {SeenThing{}})});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  other.exec("COMMIT");
  ASSERT_TRUE(sink_->open());
  write({detection("hall;1", 1, now_, {SeenThing{}})});
}

TEST_F(SqliteSinkTest, ADamagedFileIsSetAsideAndToldAndBegunAnew) {
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  sink_.reset();
  std::ofstream{file(), std::ios::binary} << "this is no database, and it is longer than a header"
                                          << std::string(8192, 'x');
  make();
  write({detection("hall;1", 2, now_, {SeenThing{}})});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{2}));
  EXPECT_TRUE(fs::exists(folder_.path() / ipc::kHistoryAsideName));
  EXPECT_NE(told_.str().find("is damaged and was set aside"), std::string::npos) << told_.str();
}

TEST_F(SqliteSinkTest, DamageThatShowsWhileItIsWrittenIsMetByOpeningItAgain) {
  std::vector<SinkRecord> many;
  for (Sequence i = 1; i <= 500; ++i) many.push_back(detection("hall;1", i, now_, {SeenThing{}}));
  write(many);
  sink_.reset();
  // All pages but the first, which opening reads.
  std::fstream bytes{file(), std::ios::binary | std::ios::in | std::ios::out};
  bytes.seekp(4096);
  bytes << std::string(fs::file_size(file()) - 4096, '\xff');
  bytes.close();
  sink_.emplace(options());
  const std::vector<SinkRecord> one{detection("hall;1", 501, now_, {SeenThing{}})};
  Result<> written = Error{};
  for (int tries = 0; tries < 3 && !written; ++tries) {
    if (sink_->open()) written = sink_->write(one);
  }
  EXPECT_TRUE(written);
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{501}));
  EXPECT_NE(told_.str().find("set aside"), std::string::npos) << told_.str();
}

TEST_F(SqliteSinkTest, AFileThatWasRemovedWhileItWasOpenIsBegunAnew) {
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  for (const char* part : {"", "-wal", "-shm"}) fs::remove(file().string() + part);
  const std::vector<SinkRecord> batch{detection("hall;1", 2, now_, {SeenThing{}})};
  const auto noticed = sink_->write(batch);
  ASSERT_FALSE(noticed);
  EXPECT_EQ(persistence_of(noticed.error().code), Persistence::Transient);
  ASSERT_TRUE(sink_->open());
  write(batch);
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{2}));
}

TEST_F(SqliteSinkTest, TheHistoryOfAnotherSessionOfTheSameFileNameIsNotAddedTo) {
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  make(options("hall_1"));
  write({detection("hall_1", 2, now_, {SeenThing{}})});
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{2}));
  EXPECT_NE(told_.str().find("another session"), std::string::npos);
}

TEST_F(SqliteSinkTest, AFileOfAnOlderVersionGetsTheStepsItLacks) {
  sink_.reset();
  {
    SQLite::Database database{file().string(), SQLite::OPEN_READWRITE};
    database.exec("DROP TABLE posting");
    database.exec("PRAGMA user_version=2");
  }
  make();
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  EXPECT_EQ(number("PRAGMA user_version"), 3);
  EXPECT_EQ(postings(ipc::HistoryTerm::Label, "car"), 1);
}

TEST_F(SqliteSinkTest, AFileOfANewerVersionIsLeftAlone) {
  sink_.reset();
  {
    SQLite::Database database{file().string(), SQLite::OPEN_READWRITE};
    database.exec("PRAGMA user_version=4");
  }
  sink_.emplace(options());
  const auto refused = sink_->open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::VersionMismatch);
  EXPECT_EQ(persistence_of(refused.error().code), Persistence::Permanent);
  EXPECT_FALSE(fs::exists(folder_.path() / ipc::kHistoryAsideName));
}

TEST_F(SqliteSinkTest, ALinkIsNotFollowedAndAFolderThatIsNotThereIsNoFaultOfARecord) {
  sink_.reset();
  fs::remove(file());
  fs::create_symlink("/nonexistent/elsewhere", file());
  sink_.emplace(options());
  auto refused = sink_->open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(persistence_of(refused.error().code), Persistence::Transient);
  fs::remove_all(folder_.path());
  refused = sink_->open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Io);
}

TEST_F(SqliteSinkTest, TheFileIsItsOwnersAlone) {
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  for (const char* part : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((file().string() + part).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << part;
  }
}

}  // namespace
}  // namespace bulkhead::worker
