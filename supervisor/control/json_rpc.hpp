#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/error.hpp"

namespace bulkhead::supervisor {

// JSON-RPC 2.0 (jsonrpc.org/specification), as text in and text out; nothing here knows a socket.

inline constexpr int kRpcParseError = -32700;
inline constexpr int kRpcInvalidRequest = -32600;
inline constexpr int kRpcMethodNotFound = -32601;
inline constexpr int kRpcInvalidParams = -32602;
inline constexpr int kRpcInternalError = -32603;

/// A well-formed call.
struct RpcRequest {
  std::string id;  // its JSON text, echoed in the reply; empty: a notification, never replied to
  std::string method;
  std::shared_ptr<const nlohmann::json> params;  // an object; empty where the call had none
};

/// A message that is no call, and what to reply.
struct RpcRefusal {
  std::string id = "null";
  int code = kRpcInvalidRequest;
  Error error;
};

/// Reads one message of a client. Refused: what `parse_json` refuses (size, depth, duplicate keys,
/// invalid UTF-8), batches, ids that are no string, number or null or are longer than
/// limits::kRequestIdBytes, and params by position. An id of null is a request with id null.
[[nodiscard]] boost::system::result<RpcRequest, RpcRefusal> parse_request(std::string_view text);

/// `result` is JSON text already.
[[nodiscard]] std::string result_text(std::string_view id, std::string_view result);
[[nodiscard]] std::string error_text(std::string_view id, int rpc_code, const Error& error);

/// The standard code where the specification has one, else -32000 minus the code's number.
[[nodiscard]] int rpc_code_of(ErrorCode code) noexcept;

/// JSON text of a tree that may hold foreign text: bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text_of(const nlohmann::json& json);

}  // namespace bulkhead::supervisor
