// session.canary.*, against a real session table whose workers cannot be started.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "supervisor/control/session_json.hpp"
#include "tests/support/control_stack.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

class CanaryMethodsTest : public ::testing::Test {
 protected:
  Error error_of(const std::string& method, const json& changes) {
    json params{{"subscriptionIdentifier", "cam"}};
    params.update(changes);
    std::optional<Result<std::string>> outcome;
    (*stack_.context->methods.find(method))(
        client_, params, [&](Result<std::string> result) { outcome = std::move(result); });
    stack_.run_until(outcome);
    return *outcome ? Error{ErrorCode::None, {}, {}} : outcome->error();
  }
  std::string field_of_start(const json& changes) {
    return error_of("session.canary.start", changes).field;
  }

  testing::ControlStack stack_;
  Caller client_{.connection = 1, .subscriber = nullptr};
};

TEST_F(CanaryMethodsTest, WhatMakesNoSenseIsRefusedByItsField) {
  const json rule{{"frames", 100}, {"minAgreement", 0.9}};
  const auto with = [&](const std::string& key, const json& value) {
    json changed = rule;
    changed[key] = value;
    return json{{"model", "m"}, {"rule", changed}};
  };
  EXPECT_EQ(field_of_start(json::object()), "params.model");
  EXPECT_EQ(field_of_start({{"model", "m"}, {"pipeline", "p"}}), "params.model");
  EXPECT_EQ(field_of_start({{"model", "https://h/m.onnx"}}), "params.model");
  EXPECT_EQ(field_of_start({{"model", "m"}, {"everyN", 0}}), "params.everyN");
  EXPECT_EQ(field_of_start({{"model", "m"}, {"everyN", 10'001}}), "params.everyN");
  EXPECT_EQ(field_of_start({{"model", "m"}, {"rule", json::object()}}), "params.rule.frames");
  EXPECT_EQ(field_of_start({{"model", "m"}, {"rule", {{"frames", 1}}}}),
            "params.rule.minAgreement");
  EXPECT_EQ(field_of_start(with("frames", 1'000'001)), "params.rule.frames");
  EXPECT_EQ(field_of_start(with("minAgreement", 1.1)), "params.rule.minAgreement");
  EXPECT_EQ(field_of_start(with("maxCostRatio", 101)), "params.rule.maxCostRatio");
  EXPECT_EQ(field_of_start(with("onPass", "celebrate")), "params.rule.onPass");
  EXPECT_EQ(field_of_start(with("else", 1)), "params.rule.else");
  // At their limits: what is wrong then is that there is no such session.
  EXPECT_EQ(field_of_start(with("frames", 1'000'000)), "params.subscriptionIdentifier");
  EXPECT_EQ(field_of_start(with("maxCostRatio", 100)), "params.subscriptionIdentifier");
}

TEST_F(CanaryMethodsTest, ASessionThatIsNotThereIsNotFound) {
  for (const char* method : {"session.canary.promote", "session.canary.rollback"}) {
    EXPECT_EQ(error_of(method, json::object()).code, ErrorCode::NotFound) << method;
  }
  EXPECT_EQ(error_of("session.canary.start", {{"model", "m"}}).code, ErrorCode::NotFound);
}

TEST_F(CanaryMethodsTest, OneOfWhichNothingIsKnownYetSaysSo) {
  const json told = canary_json({.model = "m.onnx"});
  EXPECT_EQ(told["state"], "LOADING");
  for (const char* key : {"sha256", "rule", "agreement", "costRatio"}) {
    EXPECT_TRUE(told[key].is_null()) << key;
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
