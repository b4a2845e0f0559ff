#include "worker/sink/dead_letters.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/sink_limits.hpp"
#include "tests/support/sink_record.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

class DeadLettersTest : public ::testing::Test {
 protected:
  test::TempDir directory_;
  fs::path file_ = directory_.path() / "one.dead.jsonl";
  fs::path older_ = directory_.path() / "one.dead.jsonl.1";
  DeadLetters letters_{file_, "display;camera"};
};

TEST_F(DeadLettersTest, ALetterSaysWhichRecordAndWhyAndHoldsIt) {
  SinkRecord record = test::sink_record(7);
  record.json = "{\"text\":\"\xff\"}";  // no UTF-8: it may be why it was refused
  ASSERT_TRUE(letters_.add(record, "too long for\nthe column"));
  std::ifstream in{file_};
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  const auto letter = nlohmann::json::parse(line);
  EXPECT_EQ(letter["session"], "display;camera");
  EXPECT_EQ(letter["generation"], 1);
  EXPECT_EQ(letter["sequence"], 7);
  EXPECT_EQ(letter["class"], "IMPORTANT");
  EXPECT_EQ(letter["reason"], "too long for\nthe column");
  EXPECT_NE(letter["record"].get<std::string>().find("text"), std::string::npos);
}

TEST_F(DeadLettersTest, AtItsLimitTheFileMakesRoomOnceAndNeverGrowsPastIt) {
  constexpr std::size_t kJson = 200'000;
  constexpr std::size_t kLetters = limits::kDeadLetterBytes / kJson;
  for (std::size_t i = 1; i <= kLetters; ++i) {
    ASSERT_TRUE(letters_.add(test::sink_record(i, ipc::PriorityClass::Important, kJson), "reason"));
    ASSERT_FALSE(fs::exists(older_));
  }
  for (std::size_t i = 1; i <= 3 * kLetters; ++i) {
    ASSERT_TRUE(letters_.add(test::sink_record(i, ipc::PriorityClass::Important, kJson), "reason"));
    ASSERT_LE(fs::file_size(file_), limits::kDeadLetterBytes);
    ASSERT_LE(fs::file_size(older_), limits::kDeadLetterBytes);
  }
}

TEST_F(DeadLettersTest, AFolderThatIsGoneIsAnError) {
  DeadLetters nowhere{directory_.path() / "gone" / "file", "s"};
  const auto added = nowhere.add(test::sink_record(1), "reason");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace bulkhead::worker
