#include "supervisor/cli/commands/command.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::cli {

using nlohmann::json;

Outcome<RpcClient> Context::connect() const { return RpcClient::connect(endpoint, call_time()); }

Outcome<nlohmann::json> Context::call(const std::string& method,
                                      const nlohmann::json& params) const {
  auto client = connect();
  if (!client) return client.error();
  return client->call(method, params, call_time());
}

std::chrono::seconds Context::call_time() const { return timeout.value_or(limits::kCliCallTime); }

std::chrono::seconds Context::wait_time() const { return timeout.value_or(limits::kCliWaitTime); }

void print_answer(const json& answer) {
  std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

void print_line(const json& answer) {
  std::cout << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

std::int64_t wall_ms() { return wall_ns() / kNsPerMs; }

}  // namespace bulkhead::cli
