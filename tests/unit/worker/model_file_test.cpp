#include "worker/model/model_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;

class ModelFileTest : public ::testing::Test {
 protected:
  static std::string model_bytes() {
    test::OnnxWriter writer;
    writer.input({"images", {"1", "3", "64", "64"}}).output({"out", {"1", "84", "6"}});
    return writer.bytes();
  }

  ErrorCode open_error(const fs::path& name) {
    const auto opened = ModelFile::open_beneath(dir_.path() / "models", name);
    EXPECT_FALSE(opened);
    message_ = opened ? "" : opened.error().message;
    return opened ? ErrorCode::None : opened.error().code;
  }

  test::TempDir dir_;
  std::string message_;
};

TEST_F(ModelFileTest, TheDigestOfKnownBytesIsTheKnownOne) {
  const std::string abc = "abc";
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span{abc})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(ModelFileTest, AFileIsReadWholeWithItsDigestAndSignature) {
  const std::string bytes = model_bytes();
  const auto model = ModelFile::open(dir_.write("models/a.onnx", bytes));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->bytes().size(), bytes.size());
  EXPECT_EQ(model->sha256(), sha256_hex(std::as_bytes(std::span{bytes})));
  EXPECT_EQ(model->signature().inputs.size(), 1U);
}

TEST_F(ModelFileTest, ALinkInsideOfTheFolderIsFollowed) {
  dir_.write("models/v2.onnx", model_bytes());
  fs::create_symlink("v2.onnx", dir_.path() / "models/current.onnx");
  EXPECT_TRUE(ModelFile::open_beneath(dir_.path() / "models", "current.onnx"));
}

TEST_F(ModelFileTest, NoPathLeadsOutOfTheFolder) {
  dir_.write("outside.onnx", model_bytes());
  dir_.write("models/a.onnx", model_bytes());
  fs::create_symlink("../outside.onnx", dir_.path() / "models/link.onnx");
  fs::create_symlink("..", dir_.path() / "models/up");
  for (const char* name : {"link.onnx", "../outside.onnx", "up/outside.onnx"}) {
    EXPECT_EQ(open_error(name), ErrorCode::ModelInvalid) << name;
    EXPECT_NE(message_.find("leads out of its folder"), std::string::npos) << message_;
  }
}

TEST_F(ModelFileTest, WhatIsNoRegularFileIsRefusedWithoutWaiting) {
  fs::create_directories(dir_.path() / "models/folder.onnx");
  ASSERT_EQ(::mkfifo((dir_.path() / "models/fifo.onnx").c_str(), 0600), 0);
  EXPECT_EQ(open_error("folder.onnx"), ErrorCode::ModelInvalid);
  EXPECT_EQ(open_error("fifo.onnx"), ErrorCode::ModelInvalid);
  EXPECT_NE(message_.find("no regular file"), std::string::npos);
}

TEST_F(ModelFileTest, AFileBeyondTheLimitIsRefusedBeforeItIsRead) {
  const fs::path file = dir_.write("models/huge.onnx", "");
  ASSERT_EQ(::truncate(file.c_str(), limits::kModelFileBytes + 1), 0);  // a hole, no disk
  EXPECT_EQ(open_error("huge.onnx"), ErrorCode::ModelInvalid);
  EXPECT_NE(message_.find(std::to_string(limits::kModelFileBytes)), std::string::npos);
}

TEST_F(ModelFileTest, AMissingFileIsNotFound) {
  dir_.write("models/a.onnx", model_bytes());
  EXPECT_EQ(open_error("b.onnx"), ErrorCode::NotFound);
  EXPECT_NE(message_.find("b.onnx"), std::string::npos);
}

TEST_F(ModelFileTest, AModelWithWeightsInOtherFilesIsRefused) {
  test::OnnxWriter writer;
  writer.input({"images", {"1", "3", "64", "64"}}).output({"out", {"1", "84", "6"}});
  dir_.write("models/split.onnx", writer.external_weight("w", "../../secret").bytes());
  EXPECT_EQ(open_error("split.onnx"), ErrorCode::ModelInvalid);
  EXPECT_NE(message_.find("weights in other files"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::worker
