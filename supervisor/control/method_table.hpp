#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "supervisor/access/identity.hpp"

namespace bulkhead::supervisor {

class Subscriber;

/// Who calls a method.
struct Caller {
  std::uint64_t connection = 0;              // never reused; 0: an HTTP request
  std::shared_ptr<Subscriber> subscriber{};  // null for an HTTP request: it can hold no stream
  std::shared_ptr<const Identity> identity = loopback_identity();  // never null
};

/// For what only a WebSocket connection can hold. InvalidParams with this sentence.
[[nodiscard]] Result<> needs_connection(const Caller& caller, std::string_view sentence);

/// Takes the outcome of one call, the JSON text of its result, once, at once or later; the caller
/// may be gone by then.
using Reply = std::function<void(Result<std::string>)>;

enum class Effect {
  Reads,
  Changes,  // goes to the audit log
};

/// What a session that the caller's scope leaves out is to a method.
enum class Outside {
  NotFound,  // as if there were none
  Denied,    // for a method that may make it
};

/// Who may call a method, and what it does.
struct Access {
  Role role;
  Effect effect;
  Outside outside = Outside::NotFound;
};

/// All verbs of the control channel by name. WebSocket and REST call the same ones. Filled once
/// while the server is built, then only read.
///
/// Whatever `find` gives has its guard before it: a caller of a lesser role is refused with
/// PermissionDenied, and one whose scope leaves out the session that `subscriptionIdentifier` names
/// as `Outside` says. Methods that list or stream sessions, or name them otherwise, look at
/// `caller.identity->scope` themselves.
class MethodTable {
 public:
  using Method =
      std::function<void(const Caller& caller, const nlohmann::json& params, Reply reply)>;

  /// Told of the outcome of each call that changes something; `target` is the name of the session
  /// or token it was about, empty where it has none.
  using Audit = std::function<void(const Identity& who, std::string_view method,
                                   std::string_view target, ErrorCode outcome)>;

  explicit MethodTable(Audit audit = {}) : audit_{std::move(audit)} {}

  void add(const std::string& name, Access access, Method method);
  [[nodiscard]] const Method* find(const std::string& name) const;
  [[nodiscard]] const Access& access_of(const std::string& name) const;  // of one that is there
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Entry {
    Access access;
    Method method;
  };

  [[nodiscard]] Method guarded(const std::string& name, Access access, Method method) const;

  Audit audit_;  // null: nobody is told
  std::map<std::string, Entry> methods_;
};

/// What every method says of a session that is not there, or not for the caller.
[[nodiscard]] Error no_such_session(const std::string& name);

}  // namespace bulkhead::supervisor
