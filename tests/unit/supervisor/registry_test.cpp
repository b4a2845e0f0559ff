// What is kept of persistent sessions, and what a crash leaves of it.

#include "supervisor/session/registry.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

SessionSpec spec(const std::string& name, std::uint32_t priority = 5) {
  SessionSpec made{.id = *SubscriptionId::parse(name),
                   .url = *RtspUrl::parse("rtsp://op:c4nary@10.0.0.5:8554/a?token=t0ken"),
                   .pipeline = PipelineSpec{},
                   .pipeline_name = "people",
                   .priority = priority,
                   .log_level = "debug"};
  made.pipeline->name = "people";
  made.pipeline->detect.model = "yolo11n";
  return made;
}

std::string text_of(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    registry_.reset();
    auto opened = Registry::open(loop_, folder_.path(), nullptr);
    ASSERT_TRUE(opened) << opened.error().message;
    registry_ = std::move(*opened);
  }

  Registry::Loaded reopened() {
    open();
    return registry_->load();
  }

  Result<> try_put(const SessionSpec& kept) {
    std::optional<Result<>> done;
    registry_->put(kept, [&](Result<> got) { done = std::move(got); });
    EXPECT_FALSE(done) << "no answer from within the request";
    loop_.restart();
    loop_.run();
    EXPECT_TRUE(done);
    return done.value_or(Result<>{Error{}});
  }

  void put(const SessionSpec& kept) {
    const auto done = try_put(kept);
    ASSERT_TRUE(done) << done.error().message;
  }

  bool erase(const std::string& name) {
    std::optional<Result<bool>> done;
    registry_->erase(*SubscriptionId::parse(name),
                     [&](Result<bool> got) { done = std::move(got); });
    loop_.restart();
    loop_.run();
    EXPECT_TRUE(done && *done);
    return **done;
  }

  [[nodiscard]] int secrets() const {
    return SQLite::Database{(folder_.path() / "secrets.db").string()}
        .execAndGet("SELECT count(*) FROM secret")
        .getInt();
  }

  test::TempDir folder_;
  boost::asio::io_context loop_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, WhatWasKeptComesBackEqual) {
  put(spec("gate"));
  const auto loaded = reopened();
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0], spec("gate"));
}

TEST_F(RegistryTest, SecretsLieApartAndAreTheirOwnersAlone) {
  put(spec("gate"));
  registry_.reset();
  for (const auto& file : fs::directory_iterator{folder_.path()}) {
    struct stat status {};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file.path();
    const bool holds_secret = text_of(file.path()).find("c4nary") != std::string::npos ||
                              text_of(file.path()).find("t0ken") != std::string::npos;
    EXPECT_EQ(holds_secret, file.path().filename() == "secrets.db") << file.path();
  }
}

TEST_F(RegistryTest, OtherParametersTakeThePlaceOfTheFormerAndOfTheirSecret) {
  put(spec("gate"));
  SessionSpec other = spec("gate");
  other.url = *RtspUrl::parse("rtsp://op:n3w@10.0.0.6/b");
  put(other);
  const auto loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0], other);
  EXPECT_EQ(secrets(), 1);
  registry_.reset();
  EXPECT_EQ(text_of(folder_.path() / "secrets.db").find("c4nary"), std::string::npos)
      << "an erased password is overwritten";
}

TEST_F(RegistryTest, WhatWasErasedDoesNotComeBack) {
  put(spec("gate"));
  put(spec("yard"));
  EXPECT_TRUE(erase("gate"));
  EXPECT_FALSE(erase("nobody"));
  const auto loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].id.text(), "yard");
  EXPECT_EQ(secrets(), 1);
}

TEST_F(RegistryTest, AllButThoseThatAreDeclaredAreErasedWithTheirSecrets) {
  for (const char* name : {"a", "b", "c", "d"}) put(spec(name));
  std::optional<Result<std::vector<std::string>>> erased;
  registry_->erase_others({*SubscriptionId::parse("b"), *SubscriptionId::parse("new")},
                          [&](const auto& done) { erased = done; });
  loop_.restart();
  loop_.run();
  ASSERT_TRUE(erased && *erased);
  EXPECT_EQ(**erased, (std::vector<std::string>{"a", "c", "d"}));
  const auto loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].id.text(), "b");
  registry_.reset();
  SQLite::Database secrets{(folder_.path() / "secrets.db").string()};
  EXPECT_EQ(secrets.execAndGet("SELECT count(*) FROM secret").getInt(), 1);
}

TEST_F(RegistryTest, TheHighestPriorityComesFirstThenTheName) {
  for (const auto& [name, priority] : {std::pair{"b", 5U}, {"a", 5U}, {"z", 9U}, {"c", 0U}}) {
    put(spec(name, priority));
  }
  std::string order;
  for (const SessionSpec& session : reopened().sessions) order += session.id.text();
  EXPECT_EQ(order, "zabc");
}

TEST_F(RegistryTest, ChangesAskedForAtOnceAreCarriedOutInOrderBeforeTheEnd) {
  int answered = 0;
  for (std::uint32_t i = 0; i < 10; ++i) {
    registry_->put(spec("gate", i), [&](const Result<>& done) { answered += done.has_value(); });
  }
  registry_.reset();  // the supervisor stops before any answer is read
  EXPECT_EQ(answered, 0);
  const auto loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].priority, 9U);
}

TEST_F(RegistryTest, AWriteCutAtAnyByteLosesTheLastChangeAtMost) {
  put(spec("gate"));
  const auto before = fs::file_size(folder_.path() / "registry.db-wal");
  put(spec("yard"));
  const auto after = fs::file_size(folder_.path() / "registry.db-wal");
  ASSERT_GT(after, before);
  for (auto length = before; length <= after; length += 331) {
    const test::TempDir copy;
    for (const auto& file : fs::directory_iterator{folder_.path()}) {
      if (file.path().extension() == ".db-shm") continue;  // memory, gone with the machine
      fs::copy_file(file.path(), copy.path() / file.path().filename());
    }
    fs::resize_file(copy.path() / "registry.db-wal", length);
    auto opened = Registry::open(loop_, copy.path(), nullptr);
    ASSERT_TRUE(opened) << opened.error().message;
    const auto loaded = (*opened)->load();
    EXPECT_TRUE(loaded.problems.empty()) << loaded.problems.front() << " at " << length;
    ASSERT_GE(loaded.sessions.size(), 1U) << "at " << length;
    EXPECT_EQ(loaded.sessions[0], spec("gate"));
  }
}

TEST_F(RegistryTest, ASecretThatNoSessionNamesIsTakenAway) {
  put(spec("gate"));
  registry_.reset();
  SQLite::Database{(folder_.path() / "secrets.db").string(), SQLite::OPEN_READWRITE}.exec(
      "INSERT INTO secret(text) VALUES('of a change that a crash cut in two')");
  const auto loaded = reopened();
  EXPECT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(secrets(), 1);
}

TEST_F(RegistryTest, ASessionThatCannotBeReadIsSaidAndStaysAndOthersCome) {
  put(spec("gate"));
  put(spec("yard"));
  registry_.reset();
  SQLite::Database{(folder_.path() / "registry.db").string(), SQLite::OPEN_READWRITE}.exec(
      "UPDATE session SET spec='{\"pace\": 7}' WHERE id='gate'");
  for (int start = 0; start < 2; ++start) {
    const auto loaded = reopened();
    ASSERT_EQ(loaded.sessions.size(), 1U);
    EXPECT_EQ(loaded.sessions[0].id.text(), "yard");
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_NE(loaded.problems[0].find("gate"), std::string::npos);
    EXPECT_EQ(loaded.problems[0].find("c4nary"), std::string::npos);
  }
}

TEST_F(RegistryTest, ADamagedFileIsSetAsideAndSaidAndTheSupervisorStarts) {
  put(spec("gate"));
  registry_.reset();
  {
    std::ofstream file{folder_.path() / "registry.db", std::ios::binary};
    file << "no database at all, whatever it was before";
  }
  const auto loaded = reopened();
  EXPECT_TRUE(loaded.sessions.empty());
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].find("set aside"), std::string::npos);
  int kept = 0;
  for (const auto& file : fs::directory_iterator{folder_.path()}) {
    kept += file.path().string().find("registry.db.damaged-") != std::string::npos;
  }
  EXPECT_EQ(kept, 1);
  put(spec("yard"));
  EXPECT_EQ(reopened().sessions.size(), 1U);
}

TEST_F(RegistryTest, LostSecretsAreSaidAndNoSessionEverGetsAnothers) {
  put(spec("gate"));
  put(spec("yard"));
  registry_.reset();
  for (const char* part : {"", "-wal", "-shm"}) {
    fs::remove(folder_.path() / ("secrets.db" + std::string{part}));
  }
  auto loaded = reopened();
  EXPECT_TRUE(loaded.sessions.empty());
  EXPECT_EQ(loaded.problems.size(), 2U);
  put(spec("yard"));  // gets the number that gate had
  loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0], spec("yard"));
  put(spec("gate"));
  loaded = reopened();
  ASSERT_EQ(loaded.sessions.size(), 2U);
  EXPECT_EQ(loaded.sessions[0], spec("gate"));
  EXPECT_EQ(loaded.sessions[1], spec("yard"));
}

TEST_F(RegistryTest, SecretsOfARegistryThatWasSetAsideStay) {
  put(spec("gate"));
  registry_.reset();
  {
    std::ofstream file{folder_.path() / "registry.db", std::ios::binary};
    file << "no database at all, whatever it was before";
  }
  (void)reopened();
  EXPECT_EQ(secrets(), 1);
}

TEST_F(RegistryTest, AFileOfANewerBulkheadIsRefusedAndNotTouched) {
  put(spec("gate"));
  registry_.reset();
  SQLite::Database{(folder_.path() / "registry.db").string(), SQLite::OPEN_READWRITE}.exec(
      "PRAGMA user_version=3");
  const auto opened = Registry::open(loop_, folder_.path(), nullptr);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::Io);
  EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST_F(RegistryTest, AFolderThatTakesNoFilesIsAnErrorAtStart) {
  const auto opened = Registry::open(loop_, "/proc/self/nothing", nullptr);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::Io);
}

TEST_F(RegistryTest, AChangeThatCannotBeWrittenIsAnErrorAndTheFormerStays) {
  put(spec("gate"));
  // Somebody else holds the file for writing, longer than is waited for.
  SQLite::Database other{(folder_.path() / "registry.db").string(), SQLite::OPEN_READWRITE};
  other.exec("BEGIN IMMEDIATE");
  const auto done = try_put(spec("yard"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::Io);
  other.exec("ROLLBACK");
  EXPECT_EQ(reopened().sessions.size(), 1U);
  EXPECT_EQ(secrets(), 1) << "the secret of the failed change is taken away";
}

TEST_F(RegistryTest, NoGenerationIsGivenOutTwiceWhateverEndsTheSupervisor) {
  EXPECT_EQ(registry_->begin_generations(0), 0U);
  Generation used = 0;
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 20; ++i) registry_->use_generation(++used);
    open();  // nothing is said at the end, as by a crash
    const Generation former = registry_->begin_generations(0);
    EXPECT_GE(former, used);
    EXPECT_LE(former, used + 16) << "and not many are wasted";
    used = former;
  }
}

TEST_F(RegistryTest, OneThatKnowsOfNoGenerationBeginsWhereItIsTold) {
  EXPECT_EQ(registry_->begin_generations(5000), 5000U);
  open();
  const Generation known = registry_->begin_generations(9000);
  EXPECT_GT(known, 5000U);
  EXPECT_LT(known, 5100U) << "what it knows counts, once it knows something";
}

TEST_F(RegistryTest, AFileOfTheVersionBeforeGetsWhatItLacks) {
  ASSERT_TRUE(try_put(spec("cam")));
  registry_.reset();
  {
    SQLite::Database old{(folder_.path() / "registry.db").string(), SQLite::OPEN_READWRITE};
    old.exec("DROP TABLE counter");
    old.exec("PRAGMA user_version=1");
  }
  EXPECT_EQ(reopened().sessions.size(), 1U);
  EXPECT_EQ(registry_->begin_generations(0), 0U);
  registry_->use_generation(100);
  open();
  EXPECT_GE(registry_->begin_generations(0), 100U);
}

}  // namespace
}  // namespace bulkhead::supervisor
