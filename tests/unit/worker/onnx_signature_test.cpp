#include "worker/model/onnx_signature.hpp"

#include <gtest/gtest.h>

#include "tests/support/onnx_writer.hpp"

namespace bulkhead::worker {
namespace {

using test::OnnxWriter;

Result<OnnxSignature> read(const std::string& bytes) {
  return read_onnx_signature(std::as_bytes(std::span{bytes}));
}

OnnxWriter detector() {
  OnnxWriter writer;
  writer.input({"images", {"batch", "3", "416", ""}}).output({"output0", {"1", "84", "3549"}});
  return writer;
}

TEST(OnnxSignatureTest, AFileTellsItsInputsOutputsAndMetadata) {
  const auto signature = read(detector().metadata("task", "detect").bytes());
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_EQ(signature->ir_version, 7);
  EXPECT_EQ(signature->opset, 11);
  EXPECT_EQ(describe(signature->inputs.at(0)), "images float32 [batch, 3, 416, ?]");
  EXPECT_EQ(describe(signature->outputs.at(0)), "output0 float32 [1, 84, 3549]");
  EXPECT_EQ(signature->metadata.at("task"), "detect");
  EXPECT_FALSE(signature->external_weights);
}

TEST(OnnxSignatureTest, WeightsThatOldFilesListAsInputsAreNoInputs) {
  const auto signature =
      read(detector().input({"bias", {"1"}}).weight("bias", {1}, {0.5F}).bytes());
  ASSERT_TRUE(signature);
  ASSERT_EQ(signature->inputs.size(), 1U);
  EXPECT_EQ(signature->inputs[0].name, "images");
}

TEST(OnnxSignatureTest, WeightsInAnotherFileAreNoticed) {
  const auto signature = read(detector().external_weight("w", "../../etc/passwd").bytes());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(signature->external_weights);
}

TEST(OnnxSignatureTest, WeightsInAnotherFileAreNoticedInsideOfASubgraph) {
  OnnxWriter body;
  body.external_weight("w", "/etc/passwd");
  const auto signature = read(detector().node_with_subgraph(body.graph()).bytes());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(signature->external_weights);
}

TEST(OnnxSignatureTest, SubgraphsWithoutEndAreRefused) {
  std::string graph;
  for (int depth = 0; depth < 1000; ++depth) {
    OnnxWriter outer;
    outer.node_with_subgraph(graph);
    graph = outer.graph();
  }
  EXPECT_FALSE(read(detector().node_with_subgraph(graph).bytes()));
}

TEST(OnnxSignatureTest, EveryTruncationOfAFileIsRefusedOrReadWithoutHarm) {
  const std::string whole = detector().weight("w", {2}, {1, 2}).metadata("k", "v").bytes();
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (!read(whole.substr(0, size))) ++refused;
  }
  // Only cuts between the last fields leave a file that is still one.
  EXPECT_GT(refused, static_cast<int>(whole.size()) - 4);
}

TEST(OnnxSignatureTest, WhatIsNoModelIsRefusedWithASentence) {
  for (const std::string& bytes : {std::string{}, std::string{"<html>404 Not Found</html>"},
                                   std::string(1000, '\xFF'), std::string(1000, '\0')}) {
    const auto signature = read(bytes);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, ErrorCode::ModelInvalid);
    EXPECT_NE(signature.error().message.find("no ONNX model"), std::string::npos);
  }
}

}  // namespace
}  // namespace bulkhead::worker
