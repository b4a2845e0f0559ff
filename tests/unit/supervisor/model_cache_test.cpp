#include "supervisor/model/model_cache.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/model_limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr auto kNoGroup = static_cast<gid_t>(-1);

std::string digits(std::size_t number) {
  std::string text = std::to_string(number);
  return std::string(64 - text.size(), '0') + text;
}

CachedModel model(std::size_t number, std::uint64_t bytes, std::int64_t used_s) {
  return {.sha256 = digits(number), .bytes = bytes, .used_s = used_s};
}

using Names = std::vector<std::string>;

TEST(ModelCache, WithinBothLimitsNothingIsSurplus) {
  const std::vector<CachedModel> models{model(1, 50, 1), model(2, 50, 2)};
  EXPECT_EQ(surplus_models(models, {}, {.models = 2, .bytes = 100}), Names{});
}

TEST(ModelCache, PastEitherLimitThoseLongestUnusedAreSurplus) {
  const std::vector<CachedModel> models{model(1, 50, 30), model(2, 50, 10), model(3, 1, 20)};
  EXPECT_EQ(surplus_models(models, {}, {.models = 2, .bytes = 1000}), Names{digits(2)});
  EXPECT_EQ(surplus_models(models, {}, {.models = 9, .bytes = 100}), Names{digits(2)});
  EXPECT_EQ(surplus_models(models, {}, {.models = 9, .bytes = 50}), (Names{digits(2), digits(3)}));
}

TEST(ModelCache, NoModelInUseIsEverSurplus) {
  const std::vector<CachedModel> models{model(1, 50, 1), model(2, 50, 2), model(3, 50, 3)};
  const std::set<std::string> used{digits(1), digits(2)};
  EXPECT_EQ(surplus_models(models, used, {.models = 0, .bytes = 0}), Names{digits(3)});
}

class ModelFolder : public testing::Test {
 protected:
  [[nodiscard]] fs::path folder() const { return dir_.path() / "models"; }

  test::TempDir dir_;
};

TEST_F(ModelFolder, IsMadeForNobodyElseAndKnowsWhatLiesInIt) {
  ASSERT_TRUE(open_model_folder(folder(), kNoGroup));
  struct stat status {};
  ASSERT_EQ(::stat(folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007U, 0U);
  dir_.write("models/" + digits(1) + ".onnx", "four");
  dir_.write("models/" + digits(2) + ".part", "half");
  dir_.write("models/notes.onnx", "an operator's");
  fs::create_symlink("/etc/passwd", folder() / (digits(3) + ".onnx"));
  const auto models = open_model_folder(folder(), kNoGroup);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1U);
  EXPECT_EQ(models->front().sha256, digits(1));
  EXPECT_EQ(models->front().bytes, 4U);
}

TEST_F(ModelFolder, KeepsTheYoungestPartsUpToTheLimit) {
  ASSERT_TRUE(open_model_folder(folder(), kNoGroup));
  const auto now = fs::file_time_type::clock::now();
  for (std::size_t i = 0; i <= limits::kPartialModels; ++i) {
    const fs::path part = dir_.write("models/" + digits(i) + ".part", "half");
    fs::last_write_time(part, now - std::chrono::hours{i});
  }
  ASSERT_TRUE(open_model_folder(folder(), kNoGroup));
  EXPECT_TRUE(fs::exists(part_file(folder(), digits(limits::kPartialModels - 1))));
  EXPECT_FALSE(fs::exists(part_file(folder(), digits(limits::kPartialModels))));
}

TEST_F(ModelFolder, APartIsOpenedAgainAsItWasAndBecomesTheModel) {
  ASSERT_TRUE(open_model_folder(folder(), kNoGroup));
  const fs::path part = part_file(folder(), digits(7));
  ASSERT_EQ(::write(open_part(part, kNoGroup)->get(), "half", 4), 4);
  ASSERT_TRUE(open_part(part, kNoGroup));
  EXPECT_EQ(fs::file_size(part), 4U);
  ASSERT_TRUE(keep_model(folder(), digits(7)));
  EXPECT_EQ(fs::file_size(model_file(folder(), digits(7))), 4U);
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(ModelFolder, ALinkInPlaceOfAPartIsNotFollowed) {
  ASSERT_TRUE(open_model_folder(folder(), kNoGroup));
  const fs::path outside = dir_.write("outside", "precious");
  fs::create_symlink(outside, part_file(folder(), digits(1)));
  EXPECT_FALSE(open_part(part_file(folder(), digits(1)), kNoGroup));
  EXPECT_EQ(fs::file_size(outside), 8U);
}

}  // namespace
}  // namespace bulkhead::supervisor
