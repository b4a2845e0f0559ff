#include "common/text_file.hpp"

#include "tests/support/temp_dir.hpp"

namespace bulkhead {
namespace {

TEST(TextFileTest, AFileAtTheLimitIsReadWholeAndOnePastItIsRefused) {
  const test::TempDir folder;
  const auto file = folder.write("file", "12345678");
  EXPECT_EQ(read_text_file(file, 8).value(), "12345678");
  const auto past = read_text_file(file, 7);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code, ErrorCode::LimitReached);
}

TEST(TextFileTest, AMissingFileIsNotFoundAndAFolderIsAnInputError) {
  const test::TempDir folder;
  const auto missing = read_text_file(folder.path() / "none", 8);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("none"), std::string::npos);
  const auto directory = read_text_file(folder.path(), 8);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace bulkhead
