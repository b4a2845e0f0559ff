#include "worker/model/signed_activations.hpp"

#include <gtest/gtest.h>

#include "tests/support/onnx_writer.hpp"

namespace bulkhead::worker {
namespace {

using test::OnnxWriter;

// ONNX's TensorProto.DataType.
constexpr std::uint64_t kFloat = 1;
constexpr std::uint64_t kUint8 = 2;
constexpr std::uint64_t kInt8 = 3;

std::string found_in(const OnnxWriter& model) {
  const std::string bytes = model.bytes();
  return find_signed_activation(std::as_bytes(std::span{bytes}));
}

/// "x" through bytes of this type to floats "y".
OnnxWriter through_bytes(std::uint64_t type) {
  OnnxWriter writer;
  writer.zero("scale", kFloat)
      .zero("zero", type)
      .step("QuantizeLinear", {"x", "scale", "zero"}, "bytes")
      .step("DequantizeLinear", {"bytes", "scale", "zero"}, "y");
  return writer;
}

TEST(SignedActivationsTest, OneThatGoesToTwoPlacesIsFound) {
  const auto fork = [](std::uint64_t type) {
    return through_bytes(type).node("Sigmoid", "y", "s").step("Mul", {"y", "s"}, "out");
  };
  EXPECT_EQ(found_in(fork(kInt8)), "x");
  EXPECT_EQ(found_in(fork(kUint8)), "");
}

TEST(SignedActivationsTest, OneWhoseBytesGoToTwoPlacesIsFound) {
  EXPECT_EQ(found_in(through_bytes(kInt8).node("MaxPool", "bytes", "out")), "x");
}

TEST(SignedActivationsTest, OneThatGoesToOnePlaceIsLeftToTheEngine) {
  EXPECT_EQ(found_in(through_bytes(kInt8).node("Relu", "y", "out")), "");
}

TEST(SignedActivationsTest, WeightsMayBeSignedAndGoAnywhere) {
  OnnxWriter model;
  model.zero("w", kFloat)
      .zero("scale", kFloat)
      .zero("zero", kInt8)
      .step("QuantizeLinear", {"w", "scale", "zero"}, "bytes")
      .step("DequantizeLinear", {"bytes", "scale", "zero"}, "again")
      .step("Conv", {"x", "again"}, "one")
      .step("Conv", {"one", "again"}, "two");
  EXPECT_EQ(found_in(model), "");
}

TEST(SignedActivationsTest, WhatTakesBytesIsFoundByTheZeroPointOfItsInput) {
  for (const std::string type : {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"}) {
    for (const auto of_input : {kInt8, kUint8}) {
      OnnxWriter model;
      model.zero("xz", of_input).zero("wz", kInt8);
      if (type.starts_with("QLinear")) {
        model.step(type, {"x", "xs", "xz", "w", "ws", "wz", "ys", "yz"}, "y");
      } else {
        model.step(type, {"x", "w", "xz", "wz"}, "y");
      }
      EXPECT_EQ(found_in(model), of_input == kInt8 ? "x" : "") << type;
    }
  }
}

TEST(SignedActivationsTest, AZeroPointMayComeOutOfANode) {
  OnnxWriter model;
  model.zero_node("xz", kInt8).step("ConvInteger", {"x", "w", "xz"}, "y");
  EXPECT_EQ(found_in(model), "x");
}

TEST(SignedActivationsTest, StepsWithoutInputsOrOutputsDoNoHarm) {
  OnnxWriter model;
  for (const std::string type : {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "Constant"}) {
    model.step(type, {}, "");
  }
  EXPECT_EQ(found_in(model), "");
}

}  // namespace
}  // namespace bulkhead::worker
