#include "worker/model/model_catalog.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

std::string model_bytes() {
  test::OnnxWriter writer;
  writer.input({"images", {"1", "3", "64", "64"}}).output({"out", {"1", "84", "6"}});
  return writer.bytes();
}

/// A catalogue of one model "seen", whose file is `model_bytes()`.
class ModelCatalogTest : public ::testing::Test {
 protected:
  std::string text(const std::string& more = "") const {
    return R"({"labels": {"two": ["cat", "dog"]}, "models": [{"name": "seen", "file": "seen.onnx",
      "sha256": ")" +
           sha256_ + R"(", "family": "yolov8", "labels": "two", "licence": "MIT")" + more + "}]}";
  }
  Result<ModelCatalog> load(const std::string& json) {
    return ModelCatalog::load(dir_.write("models.json", json));
  }
  Result<LocatedModel> locate(const std::string& model) {
    const auto catalog = load(text());
    EXPECT_TRUE(catalog) << catalog.error().message;
    return locate_model(model, *catalog, dir_.path() / "models", dir_.path() / "cache");
  }

  test::TempDir dir_;
  std::string bytes_ = model_bytes();
  std::string sha256_ = sha256_hex(std::as_bytes(std::span{bytes_}));
};

TEST_F(ModelCatalogTest, AWholePathIntoTheFolderOfModelsMayNotLeadOutOfItEither) {
  dir_.write("models/deep/a.onnx", bytes_);
  dir_.write("outside/a.onnx", bytes_);
  std::filesystem::create_symlink("../outside", dir_.path() / "models/link");
  const auto inside = locate(dir_.path() / "models/deep/a.onnx");
  EXPECT_TRUE(inside) << inside.error().message;
  const auto led_out = locate(dir_.path() / "models/link/a.onnx");
  ASSERT_FALSE(led_out);
  EXPECT_EQ(led_out.error().code, ErrorCode::ModelInvalid);
  EXPECT_EQ(led_out.error().field, "model");
  EXPECT_TRUE(locate(dir_.path() / "outside/a.onnx")) << "an operator's own may lie anywhere";
}

TEST_F(ModelCatalogTest, TheRepositorysOwnCatalogueIsSound) {
  const auto catalog = ModelCatalog::load(BULKHEAD_TEST_CATALOG);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->labels("coco80").size(), 80U);
  EXPECT_EQ(catalog->labels("coco80").at(79), "toothbrush");
  const CatalogEntry* standard = catalog->by_name("yolo11n");
  ASSERT_NE(standard, nullptr);
  EXPECT_EQ(standard->input_width, 416U);
  EXPECT_EQ(standard->labels.size(), 80U);
  EXPECT_EQ(standard->licence, "AGPL-3.0");
}

TEST_F(ModelCatalogTest, AnEntrySaysWhatTheFileDoesNot) {
  const auto catalog =
      load(text(R"(, "pixels": "rgb_imagenet", "input": {"width": 640, "height": 384})"));
  ASSERT_TRUE(catalog) << catalog.error().message;
  const CatalogEntry* entry = catalog->by_sha256(sha256_);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->layout, OutputLayout::YoloV8);
  EXPECT_EQ(entry->pixels, PixelRule::RgbImagenet);
  EXPECT_EQ(entry->input_width, 640U);
  EXPECT_EQ(entry->input_height, 384U);
  EXPECT_EQ(entry->labels, (std::vector<std::string>{"cat", "dog"}));
}

TEST_F(ModelCatalogTest, AMistakeInTheCatalogueIsNamedByItsField) {
  auto wrong = load(text(R"(, "fammily": 1)"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "models.json.models[0].fammily");
  wrong = load(R"({"models": [{"name": "a", "file": "a", "sha256": "0", "licence": "MIT",
                   "labels": "three"}]})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "models.json.models[0].labels");
  wrong = load("{}");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "models.json.models");
}

TEST_F(ModelCatalogTest, AMissingCatalogueIsNotFound) {
  const auto missing = ModelCatalog::load(dir_.path() / "none.json");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST_F(ModelCatalogTest, AModelIsFoundByNameByPathBeneathTheFolderAndByAbsolutePath) {
  const auto file = dir_.write("models/seen.onnx", bytes_);
  for (const std::string& model : {std::string{"seen"}, std::string{"seen.onnx"}, file.string()}) {
    const auto found = locate(model);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->entry) << model;
    EXPECT_EQ(found->entry->name, "seen");
  }
}

TEST_F(ModelCatalogTest, AnOperatorsFileIsKnownByItsDigestWhateverItsName) {
  dir_.write("models/mine/renamed.onnx", bytes_);
  const auto found = locate("mine/renamed.onnx");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->entry);
}

TEST_F(ModelCatalogTest, AFileTheCatalogueDoesNotKnowHasNoEntry) {
  test::OnnxWriter other;
  other.input({"x", {"1", "3", "32", "32"}}).output({"y", {"1", "5", "6"}});
  dir_.write("models/other.onnx", other.bytes());
  const auto found = locate("other.onnx");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->entry);
}

TEST_F(ModelCatalogTest, AFetchedFileThatChangedIsRefused) {
  dir_.write("models/seen.onnx", bytes_ + std::string("\x22\x00", 2));  // an empty unknown field
  const auto found = locate("seen");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::ModelInvalid);
  EXPECT_NE(found.error().message.find(sha256_), std::string::npos);
}

TEST_F(ModelCatalogTest, AModelByUrlLiesInTheCacheAndIsWhatItsUrlSays) {
  const std::string url = "https://a.example/m.onnx#sha256=";
  dir_.write("cache/" + sha256_ + ".onnx", bytes_);
  const auto found = locate(url + sha256_);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->entry) << "the catalogue knows its content";
  EXPECT_EQ(found->entry->name, "seen");
  const std::string other(64, '0');
  const auto missing = locate(url + other);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  dir_.write("cache/" + other + ".onnx", bytes_);
  const auto swapped = locate(url + other);
  ASSERT_FALSE(swapped);
  EXPECT_EQ(swapped.error().code, ErrorCode::ModelInvalid);
}

TEST_F(ModelCatalogTest, AModelNotYetFetchedSaysHowToFetchIt) {
  dir_.write("models/readme", "");
  const auto found = locate("seen");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  EXPECT_NE(found.error().message.find("deploy/fetch_model seen"), std::string::npos);
}

TEST_F(ModelCatalogTest, AnUnknownNameListsTheKnownOnes) {
  const auto found = locate("sene\n");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  EXPECT_EQ(found.error().field, "model");
  EXPECT_NE(found.error().message.find("use one of seen"), std::string::npos);
  EXPECT_EQ(found.error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::worker
