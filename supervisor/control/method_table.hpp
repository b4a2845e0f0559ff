#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::supervisor {

class Subscriber;

/// Who calls a method.
struct Caller {
  std::uint64_t connection = 0;            // never reused; 0: an HTTP request
  std::shared_ptr<Subscriber> subscriber;  // null for an HTTP request: it can hold no stream
};

/// Takes the outcome of one call, the JSON text of its result, once, at once or later; the caller
/// may be gone by then.
using Reply = std::function<void(Result<std::string>)>;

/// All verbs of the control channel by name. WebSocket and REST call the same ones. Filled once
/// while the server is built, then only read.
class MethodTable {
 public:
  using Method =
      std::function<void(const Caller& caller, const nlohmann::json& params, Reply reply)>;

  void add(std::string name, Method method);
  [[nodiscard]] const Method* find(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, Method> methods_;
};

}  // namespace bulkhead::supervisor
