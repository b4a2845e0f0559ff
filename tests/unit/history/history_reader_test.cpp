// What is found in a history, and how one goes on from page to page while it grows.

#include "supervisor/history/history_reader.hpp"
#include "common/sink_limits.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "supervisor/history/history_page.hpp"
#include "tests/support/die_with_test.hpp"
#include "tests/support/history_files.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;
using test::detection;
using test::SeenThing;
using test::session_id;
using Sequences = std::vector<std::uint64_t>;

Sequences sequences_of(const std::vector<HistoryResult>& results) {
  Sequences found;
  for (const HistoryResult& result : results) {
    found.push_back(json::parse(result.json).at("sequence").get<std::uint64_t>());
  }
  return found;
}

class HistoryTest : public ::testing::Test {
 protected:
  HistoryPage page(const HistoryQuery& query) const {
    return read_history_page(files_.path(), query, test::far_ns());
  }
  HistoryPage page_of(const std::string& session, HistoryQuery query = {}) const {
    query.sessions = {session_id(session)};
    return page(query);
  }
  Sequences found(const HistoryFilter& filter) const {
    const auto read = page_of("cam", {.filter = filter});
    EXPECT_TRUE(read.unread.empty()) << read.unread.front().error.message;
    return sequences_of(read.results);
  }

  /// All pages of a query, one after the other.
  Sequences all(HistoryQuery query) const {
    Sequences found;
    for (;;) {
      const HistoryPage read = page(query);
      EXPECT_TRUE(read.unread.empty());
      const auto part = sequences_of(read.results);
      found.insert(found.end(), part.begin(), part.end());
      if (!read.next || !read.unread.empty()) return found;
      query.after = read.next;
    }
  }

  test::HistoryFiles files_;
  const std::int64_t now_ = wall_ns() - 3600 * kNsPerSecond;
};

class FilterTest : public HistoryTest {
 protected:
  void SetUp() override {
    files_.write("cam", {detection("cam", 1, now_,
                                   {SeenThing{.label = "car", .track = 12, .confidence = 0.9},
                                    SeenThing{.label = "dog", .track = 13, .confidence = 0.4}}),
                         detection("cam", 2, now_ + 10,
                                   {SeenThing{.label = "car",
                                              .track = 12,
                                              .confidence = 0.3,
                                              .zones = {"gate"},
                                              .attributes = {{"plate", "B 1"}}}}),
                         detection("cam", 3, now_ + 20,
                                   {SeenThing{.label = "person",
                                              .track = 14,
                                              .zones = {"gate", "yard"},
                                              .attributes = {{"hat", "red"}}}}),
                         test::event("cam", 4, now_ + 30,
                                     {{"kind", "zone_enter"},
                                      {"zone", "gate"},
                                      {"trackId", 14},
                                      {"label", "person"},
                                      {"attributes", {{"hat", {{"label", "blue"}}}}},
                                      {"context", "shop-17"}}),
                         {.generation = 1,
                          .sequence = 5,
                          .kind = worker::RecordKind::Gap,
                          .time_ns = now_ + 40,
                          .json = R"({"session":"cam","sequence":5,"count":3})"}});
  }
};

TEST_F(FilterTest, NothingAskedForIsAllOfIt) {
  EXPECT_EQ(found({}), (Sequences{5, 4, 3, 2, 1}));
  EXPECT_EQ(all({.sessions = {session_id("cam")}, .order = HistoryOrder::OldestFirst}),
            (Sequences{1, 2, 3, 4, 5}));
}

TEST_F(FilterTest, TimesAreBothIncluded) {
  EXPECT_EQ(found({.from_ns = now_ + 10, .to_ns = now_ + 30}), (Sequences{4, 3, 2}));
  EXPECT_EQ(found({.from_ns = now_ + 11, .to_ns = now_ + 29}), (Sequences{3}));
  EXPECT_EQ(found({.from_ns = now_ + 41}), (Sequences{}));
}

TEST_F(FilterTest, EachThingThatIsAskedForIsFound) {
  using enum ipc::HistoryKind;
  EXPECT_EQ(found({.kinds = {Event}}), (Sequences{4}));
  EXPECT_EQ(found({.kinds = {Event, Gap}}), (Sequences{5, 4}));
  EXPECT_EQ(found({.kinds = {Detection}}), (Sequences{3, 2, 1}));
  EXPECT_EQ(found({.kinds = {Detection, Gap}}), (Sequences{5, 3, 2, 1}));
  EXPECT_EQ(found({.labels = {"dog"}}), (Sequences{1}));
  EXPECT_EQ(found({.labels = {"dog", "person", "cat"}}), (Sequences{4, 3, 1}));
  EXPECT_EQ(found({.labels = {"Dog"}}), (Sequences{}));
  EXPECT_EQ(found({.track = 14}), (Sequences{4, 3}));
  EXPECT_EQ(found({.zone = "gate"}), (Sequences{4, 3, 2}));
  EXPECT_EQ(found({.context = "shop-17"}), (Sequences{4}));
  EXPECT_EQ(found({.context = "shop-1"}), (Sequences{}));
  EXPECT_EQ(found({.attribute = "plate"}), (Sequences{2}));
  EXPECT_EQ(found({.attribute = "plate", .attribute_value = "B 1"}), (Sequences{2}));
  EXPECT_EQ(found({.attribute = "plate", .attribute_value = "B 2"}), (Sequences{}));
  EXPECT_EQ(found({.attribute = "hat"}), (Sequences{4, 3}));
  EXPECT_EQ(found({.attribute = "hat", .attribute_value = "blue"}), (Sequences{4}));
  EXPECT_EQ(found({.kinds = {Event}, .attribute = "hat", .attribute_value = "red"}), (Sequences{}));
}

TEST_F(FilterTest, WhatIsAskedOfAnObjectMustHoldForOneAndTheSame) {
  EXPECT_EQ(found({.labels = {"car"}, .min_confidence = 0.5}), (Sequences{1}));
  EXPECT_EQ(found({.labels = {"dog"}, .min_confidence = 0.5}), (Sequences{}));
  EXPECT_EQ(found({.labels = {"dog"}, .track = 12}), (Sequences{}));
  EXPECT_EQ(found({.labels = {"person"}, .zone = "gate", .attribute = "hat"}), (Sequences{4, 3}));
}

TEST_F(FilterTest, ObjectsThatWereNotAskedForAreLeftOut) {
  const auto read = page_of("cam", {.filter = {.labels = {"dog"}}});
  ASSERT_EQ(read.results.size(), 1U);
  const json message = json::parse(read.results.front().json);
  ASSERT_EQ(message["objects"].size(), 1U);
  EXPECT_EQ(message["objects"][0]["trackId"], 13);
  EXPECT_EQ(message["tsCapture"], iso8601_utc(now_)) << "the rest is as it was";
}

TEST_F(FilterTest, TwoTextsOfTheSameKeyAreToldApart) {
  // Made by hand, as a posting that leads to a result without what it says.
  const auto key = ipc::history_key(ipc::HistoryTerm::Label, "unicorn");
  files_.tamper("cam", "INSERT INTO posting SELECT " + std::to_string(key) +
                           ", time_ns FROM result WHERE sequence<3");
  EXPECT_EQ(found({.labels = {"unicorn"}}), (Sequences{}));
}

TEST_F(HistoryTest, PagesFollowEachOtherWithoutHolesWhileResultsAreAdded) {
  std::vector<worker::SinkRecord> records;
  for (Sequence i = 1; i <= 25; ++i) {
    records.push_back(detection("cam", i, now_ + static_cast<std::int64_t>(i) * 10, {{}}));
  }
  files_.write("cam", records);
  HistoryQuery query{.sessions = {session_id("cam")}, .limit = 10};
  const auto first = page(query);
  EXPECT_EQ(sequences_of(first.results).back(), 16U);
  ASSERT_TRUE(first.next);
  // A newer one, and one that was spooled and comes late.
  files_.write("cam", {detection("cam", 26, now_ + 1000, {{}}), detection("cam", 27, now_, {{}})});
  query.after = first.next;
  EXPECT_EQ(all(query), (Sequences{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 27}));
  query.order = HistoryOrder::OldestFirst;
  EXPECT_EQ(all(query), (Sequences{17, 18, 19, 20, 21, 22, 23, 24, 25, 26}));
}

TEST_F(HistoryTest, SeveralSessionsAreMergedByTimeThenByName) {
  std::vector<worker::SinkRecord> a;
  std::vector<worker::SinkRecord> b;
  Sequences expected;
  for (Sequence i = 1; i <= 40; i += 2) {
    const auto moment = now_ + static_cast<std::int64_t>(i);
    a.push_back(detection("a", i, moment, {{}}));
    b.push_back(detection("b;b", i + 1, moment, {{}}));  // of the same moment
    expected.insert(expected.end(), {i, i + 1});
  }
  files_.write("a", a);
  files_.write("b;b", b);
  for (const std::size_t limit : {1U, 3U, 7U, 100U}) {
    EXPECT_EQ(all({.order = HistoryOrder::OldestFirst, .limit = limit}), expected) << limit;
    EXPECT_EQ(all({.sessions = {session_id("b;b"), session_id("a")},
                   .order = HistoryOrder::OldestFirst,
                   .limit = limit}),
              expected)
        << limit;
    const auto newest = all({.limit = limit});
    EXPECT_EQ(newest.size(), 40U);
    EXPECT_EQ(newest.front(), 39U);
    EXPECT_EQ(newest.back(), 2U);
  }
}

TEST_F(HistoryTest, OnlySessionsWithinTheScopeAreRead) {
  files_.write("hall-1", {detection("hall-1", 1, now_, {{}})});
  files_.write("yard-1", {detection("yard-1", 2, now_, {{}})});
  EXPECT_EQ(all({.scope = *AccessScope::parse({"hall-*"})}), (Sequences{1}));
  EXPECT_EQ(all({.scope = *AccessScope::parse({"none"})}), (Sequences{}));
}

TEST_F(HistoryTest, ASessionWhoseNameMakesTheSameFileIsNotShownTheOthers) {
  files_.write("hall;1", {detection("hall;1", 1, now_, {{}})});
  const auto other = page_of("hall_1");
  ASSERT_EQ(other.unread.size(), 1U);
  EXPECT_EQ(other.unread.front().error.code, ErrorCode::NotFound);
  EXPECT_TRUE(other.results.empty());
  EXPECT_EQ(all({.scope = *AccessScope::parse({"hall_1"})}), (Sequences{}));
}

TEST_F(HistoryTest, AnAnswerHasABoundInBytesAndGoesOnFromThere) {
  std::vector<worker::SinkRecord> records;
  const std::string long_label(100'000, 'x');
  for (Sequence i = 1; i <= 40; ++i) {
    records.push_back(
        detection("cam", i, now_ + static_cast<std::int64_t>(i), {SeenThing{.label = long_label}}));
  }
  files_.write("cam", records);
  const auto first = page_of("cam", {.limit = 1000});
  EXPECT_LT(first.results.size(), 22U);
  EXPECT_GT(first.results.size(), 18U);
  std::size_t bytes = 0;
  for (const auto& result : first.results) bytes += result.json.size();
  EXPECT_LE(bytes, limits::kHistoryPageBytes);
  EXPECT_EQ(all({.limit = 1000}).size(), 40U);
}

TEST_F(HistoryTest, ALookThatComesToItsBoundGivesWhatItHasAndGoesOn) {
  std::vector<worker::SinkRecord> records;
  for (Sequence i = 1; i <= 300; ++i) {
    records.push_back(detection("cam", i, now_ + static_cast<std::int64_t>(i),
                                {SeenThing{.confidence = i == 3 ? 0.9 : 0.1}}));
  }
  files_.write("cam", records);
  const HistoryQuery query{.filter = {.min_confidence = 0.5}};
  auto reader = HistoryReader::open(files_.file("cam"), test::far_ns());
  ASSERT_TRUE(reader) << reader.error().message;
  const auto scan = reader->scan(query, {.scanned = 100, .until_ns = test::far_ns()});
  ASSERT_TRUE(scan);
  EXPECT_TRUE(scan->results.empty());
  ASSERT_TRUE(scan->stopped_at);
  EXPECT_EQ(scan->stopped_at->time_ns, now_ + 201);
  HistoryQuery rest = query;
  rest.after = scan->stopped_at;
  const auto second = reader->scan(rest, {.until_ns = test::far_ns()});
  ASSERT_TRUE(second);
  EXPECT_EQ(sequences_of(second->results), (Sequences{3}));
  EXPECT_FALSE(second->stopped_at);
}

TEST_F(HistoryTest, ACursorIsReadAsItWasWrittenAndNothingElseIs) {
  const HistoryPosition position{.time_ns = now_, .session = "hall;1"};
  EXPECT_EQ(HistoryPosition::from_cursor(position.cursor()), position);
  for (const char* bad :
       {"", "1", "@", "1@", "x@a", "-1@a", "1@a b", "99999999999999999999@a", "1 @a"}) {
    EXPECT_FALSE(HistoryPosition::from_cursor(bad)) << bad;
  }
}

TEST_F(HistoryTest, ManyLabelsAreFoundWithoutSortingAllThereIs) {
  files_.write("cam", {detection("cam", 1, now_, {{}})});
  SQLite::Database database{files_.file("cam").string()};
  SQLite::Statement plan{database,
                         "EXPLAIN QUERY PLAN SELECT time_ns FROM posting WHERE key=?3 AND time_ns"
                         " BETWEEN ?1 AND ?2 UNION SELECT time_ns FROM posting WHERE key=?4 AND"
                         " time_ns BETWEEN ?1 AND ?2 ORDER BY time_ns DESC"};
  std::string text;
  while (plan.executeStep()) text += plan.getColumn(3).getString() + "\n";
  EXPECT_NE(text.find("MERGE (UNION)"), std::string::npos) << text;
  EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << text;
}

/// A worker in a process of its own, which writes batches of ten until it is killed; `committed`
/// counts what it was told is written.
pid_t start_writer(const test::HistoryFiles& files, std::atomic<std::uint64_t>& committed,
                   std::int64_t from_ns) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  test::die_with_test();
  worker::SqliteSink sink{{.session = session_id("cam"), .folder = files.folder("cam")}};
  if (!sink.open()) ::_exit(1);
  for (Sequence sequence = 1;; sequence += 10) {
    std::vector<worker::SinkRecord> batch;
    for (Sequence i = sequence; i < sequence + 10; ++i) {
      batch.push_back(detection("cam", i, from_ns + static_cast<std::int64_t>(i) * kNsPerMs, {{}}));
    }
    if (const auto written = sink.write(batch); !written) ::_exit(2);
    committed.store(sequence + 9);
  }
}

TEST_F(HistoryTest, WhatAWorkerHasWrittenIsReadWhileItWritesOnAndAfterItWasKilled) {
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& committed = *new (shared) std::atomic<std::uint64_t>{0};
  const pid_t child = start_writer(files_, committed, wall_ns());
  ASSERT_GT(child, 0);
  const HistoryQuery newest{.sessions = {session_id("cam")}, .limit = 500};
  std::uint64_t pages = 0;
  const std::int64_t until = test::far_ns();
  // Long enough for its log to be moved into the file many times.
  while (committed < 10'000 && monotonic_ns() < until && !HasFailure()) {
    const std::uint64_t before = committed;
    if (before == 0) continue;
    const HistoryPage read = page(newest);
    ASSERT_TRUE(read.unread.empty()) << read.unread.front().error.message;
    const auto found = sequences_of(read.results);
    ASSERT_FALSE(found.empty());
    EXPECT_GE(found.front(), before) << "all that was committed before is seen";
    EXPECT_EQ(found.front() % 10, 0U) << "no half of a batch";
    for (std::size_t i = 1; i < found.size(); ++i) EXPECT_EQ(found[i - 1] - found[i], 1U);
    EXPECT_EQ(read.skipped, 0U);
    ++pages;
  }
  EXPECT_GT(pages, 10U);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer was never in trouble: " << status;
  const HistoryPage after = page(newest);
  ASSERT_TRUE(after.unread.empty()) << after.unread.front().error.message;
  EXPECT_GE(sequences_of(after.results).front(), committed.load());
  ::munmap(shared, 4096);
}

}  // namespace
}  // namespace bulkhead::supervisor
