#include "supervisor/control/json_rpc.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr int kOwnCodes = -32000;

RpcRefusal invalid_request(std::string id, std::string message, std::string field = {}) {
  return {.id = std::move(id),
          .code = kRpcInvalidRequest,
          .error = {ErrorCode::ProtocolError, std::move(message), std::move(field)}};
}

bool may_be_id(const json& id) {
  if (id.is_string()) return id.get_ref<const std::string&>().size() <= limits::kRequestIdBytes;
  return id.is_number() || id.is_null();
}

}  // namespace

std::string json_text_of(const json& json) {
  return json.dump(-1, ' ', false, json::error_handler_t::replace);
}

boost::system::result<RpcRequest, RpcRefusal> parse_request(std::string_view text) {
  auto parsed = parse_json(text, JsonComments::Refused);
  if (!parsed) {
    return RpcRefusal{.code = kRpcParseError,
                      .error = {ErrorCode::ProtocolError, parsed.error().message, {}}};
  }
  json& message = *parsed;
  if (message.is_array()) {
    return invalid_request("null", "batches are not supported; send one request a message");
  }
  if (!message.is_object()) {
    return invalid_request("null", "a request is an object {\"jsonrpc\":\"2.0\",…}");
  }

  std::string id;
  if (const auto found = message.find("id"); found != message.end()) {
    if (!may_be_id(*found)) {
      return invalid_request("null",
                             "id must be a number, null, or a string of at most " +
                                 std::to_string(limits::kRequestIdBytes) + " bytes",
                             "id");
    }
    id = json_text_of(*found);
  }
  const std::string reply_id = id.empty() ? "null" : id;
  if (const auto version = message.find("jsonrpc"); version == message.end() || *version != "2.0") {
    return invalid_request(reply_id, "jsonrpc must be \"2.0\"", "jsonrpc");
  }
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string()) {
    return invalid_request(reply_id, "method must be a string", "method");
  }
  json params = json::object();
  if (const auto given = message.find("params"); given != message.end()) {
    if (!given->is_object()) {
      return RpcRefusal{.id = reply_id,
                        .code = kRpcInvalidParams,
                        .error = {ErrorCode::InvalidParams,
                                  "params must be an object; they are given by name", "params"}};
    }
    params = std::move(*given);
  }
  return RpcRequest{.id = std::move(id),
                    .method = method->get<std::string>(),
                    .params = std::make_shared<const json>(std::move(params))};
}

std::string result_text(std::string_view id, std::string_view result) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += id;
  text += R"(,"result":)";
  text += result;
  text += '}';
  return text;
}

std::string error_text(std::string_view id, int rpc_code, const Error& error) {
  json body{{"code", rpc_code},
            {"message", error.message},
            {"data", {{"code", std::string{name_of(error.code)}}}}};
  if (!error.field.empty()) body["data"]["field"] = error.field;
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += id;
  text += R"(,"error":)";
  text += json_text_of(body);
  text += '}';
  return text;
}

int rpc_code_of(ErrorCode code) noexcept {
  if (code == ErrorCode::InvalidParams) return kRpcInvalidParams;
  if (code == ErrorCode::Internal) return kRpcInternalError;
  return kOwnCodes - static_cast<int>(code);
}

}  // namespace bulkhead::supervisor
