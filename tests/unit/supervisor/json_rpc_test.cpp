#include "supervisor/control/json_rpc.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/limits.hpp"

namespace bulkhead::supervisor {
namespace {

using nlohmann::json;

std::string nested(std::size_t depth) {
  return R"({"jsonrpc":"2.0","id":1,"method":"m","params":)" + std::string(depth, '[') +
         std::string(depth, ']') + "}";
}

TEST(JsonRpcTest, AWellFormedCallIsReadWithItsIdAsItCame) {
  const std::vector<std::pair<std::string, std::string>> ids{
      {"1", "1"},
      {"-7", "-7"},
      {"1.5", "1.5"},
      {"\"a\"", "\"a\""},
      {"null", "null"},
      {"18446744073709551615", "18446744073709551615"},
      {R"("\u00e9\n")", "\"é\\n\""}};
  for (const auto& [given, echoed] : ids) {
    const auto request = parse_request(R"({"jsonrpc":"2.0","id":)" + given +
                                       R"(,"method":"session.get","params":{"a":1}})");
    ASSERT_TRUE(request) << given;
    EXPECT_EQ(request->id, echoed);
    EXPECT_EQ(request->method, "session.get");
    EXPECT_EQ(request->params->at("a"), 1);
  }
}

TEST(JsonRpcTest, WithoutIdItIsANotificationAndWithoutParamsTheyAreEmpty) {
  const auto request = parse_request(R"({"jsonrpc":"2.0","method":"m"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, "");
  EXPECT_EQ(*request->params, json::object());
}

struct Hostile {
  std::string name;
  std::string text;
  int code;
  std::string id;
};

class JsonRpcHostileTest : public ::testing::TestWithParam<Hostile> {};

TEST_P(JsonRpcHostileTest, IsRefusedWithItsCodeAndAReplyThatIsValidJson) {
  const auto request = parse_request(GetParam().text);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, GetParam().code) << request.error().error.message;
  EXPECT_EQ(request.error().id, GetParam().id);
  EXPECT_FALSE(request.error().error.message.empty());
  const json reply =
      json::parse(error_text(request.error().id, request.error().code, request.error().error));
  EXPECT_EQ(reply["jsonrpc"], "2.0");
  EXPECT_EQ(reply["error"]["code"], GetParam().code);
  EXPECT_EQ(reply["error"]["data"]["code"],
            GetParam().code == kRpcInvalidParams ? "INVALID_PARAMS" : "PROTOCOL_ERROR");
}

INSTANTIATE_TEST_SUITE_P(
    Messages, JsonRpcHostileTest,
    ::testing::Values(
        Hostile{"Empty", "", kRpcParseError, "null"},
        Hostile{"Garbage", "hello", kRpcParseError, "null"},
        Hostile{"CutOff", R"({"jsonrpc":"2.0",)", kRpcParseError, "null"},
        Hostile{"TrailingText", R"({"jsonrpc":"2.0","method":"m"} x)", kRpcParseError, "null"},
        Hostile{"Comment", R"({"jsonrpc":"2.0",/**/"method":"m"})", kRpcParseError, "null"},
        Hostile{"Nul", std::string{"{\"jsonrpc\":\"2.0\"\0}", 18}, kRpcParseError, "null"},
        Hostile{"InvalidUtf8", "{\"jsonrpc\":\"2.0\",\"method\":\"\xFF\"}", kRpcParseError, "null"},
        Hostile{"LoneSurrogate", R"({"jsonrpc":"2.0","method":"\ud800"})", kRpcParseError, "null"},
        Hostile{"DuplicateKey", R"({"jsonrpc":"2.0","method":"a","method":"b"})", kRpcParseError,
                "null"},
        Hostile{"HugeNumber", R"({"jsonrpc":"2.0","id":1e999,"method":"m"})", kRpcParseError,
                "null"},
        Hostile{"DeepNesting", nested(100'000), kRpcParseError, "null"},
        Hostile{"PastDepth", nested(limits::kJsonDepth), kRpcParseError, "null"},
        Hostile{"PastSize", "\"" + std::string(limits::kJsonBytes, 'x') + "\"", kRpcParseError,
                "null"},
        Hostile{"Batch", R"([{"jsonrpc":"2.0","id":1,"method":"m"}])", kRpcInvalidRequest, "null"},
        Hostile{"EmptyBatch", "[]", kRpcInvalidRequest, "null"},
        Hostile{"JustText", "\"m\"", kRpcInvalidRequest, "null"},
        Hostile{"JustNull", "null", kRpcInvalidRequest, "null"},
        Hostile{"NoVersion", R"({"id":5,"method":"m"})", kRpcInvalidRequest, "5"},
        Hostile{"OldVersion", R"({"jsonrpc":"1.0","id":5,"method":"m"})", kRpcInvalidRequest, "5"},
        Hostile{"VersionAsNumber", R"({"jsonrpc":2.0,"id":5,"method":"m"})", kRpcInvalidRequest,
                "5"},
        Hostile{"NoMethod", R"({"jsonrpc":"2.0","id":"x"})", kRpcInvalidRequest, "\"x\""},
        Hostile{"MethodAsNumber", R"({"jsonrpc":"2.0","id":5,"method":5})", kRpcInvalidRequest,
                "5"},
        Hostile{"IdAsObject", R"({"jsonrpc":"2.0","id":{},"method":"m"})", kRpcInvalidRequest,
                "null"},
        Hostile{"IdAsBool", R"({"jsonrpc":"2.0","id":true,"method":"m"})", kRpcInvalidRequest,
                "null"},
        Hostile{"LongId",
                R"({"jsonrpc":"2.0","id":")" + std::string(limits::kRequestIdBytes + 1, 'x') +
                    R"(","method":"m"})",
                kRpcInvalidRequest, "null"},
        Hostile{"ParamsByPosition", R"({"jsonrpc":"2.0","id":5,"method":"m","params":[1]})",
                kRpcInvalidParams, "5"},
        Hostile{"ParamsAsText", R"({"jsonrpc":"2.0","id":5,"method":"m","params":"x"})",
                kRpcInvalidParams, "5"}),
    [](const auto& hostile) { return hostile.param.name; });

TEST(JsonRpcTest, TheDeepestAndTheLongestThatAreAllowedAreRead) {
  EXPECT_EQ(parse_request(nested(limits::kJsonDepth - 1)).error().code, kRpcInvalidParams)
      << "an array as params is read, and then refused for what it is";
  EXPECT_TRUE(parse_request(R"({"jsonrpc":"2.0","id":")" +
                            std::string(limits::kRequestIdBytes, 'x') + R"(","method":"m"})"));
  const std::string head = R"({"jsonrpc":"2.0","method":"m","params":{"a":")";
  const std::string tail = "\"}}";
  const std::string filler(limits::kJsonBytes - head.size() - tail.size(), 'x');
  EXPECT_TRUE(parse_request(head + filler + tail));
}

TEST(JsonRpcTest, ErrorsCarryAStableNameAndTheFieldAtFault) {
  const json reply = json::parse(
      error_text("7", rpc_code_of(ErrorCode::NotFound), {ErrorCode::NotFound, "none", "params.x"}));
  EXPECT_EQ(reply, json::parse(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32002,
      "message":"none","data":{"code":"NOT_FOUND","field":"params.x"}}})"));
  EXPECT_FALSE(json::parse(error_text("7", -1, {ErrorCode::Io, "m", {}}))["error"]["data"].contains(
      "field"));
}

TEST(JsonRpcTest, ForeignBytesInAMessageDoNotBreakTheReply) {
  EXPECT_TRUE(json::accept(error_text("1", -1, {ErrorCode::Io, "camera said \xFF\xFE", {}})));
  EXPECT_EQ(result_text("1", R"({"a":1})"), R"({"jsonrpc":"2.0","id":1,"result":{"a":1}})");
}

}  // namespace
}  // namespace bulkhead::supervisor
