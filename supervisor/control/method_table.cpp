#include "supervisor/control/method_table.hpp"

#include <cassert>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/ids.hpp"
#include "supervisor/access/token_file.hpp"

namespace bulkhead::supervisor {

Result<> needs_connection(const Caller& caller, std::string_view sentence) {
  if (caller.subscriber != nullptr) return {};
  return Error{ErrorCode::InvalidParams, std::string{sentence}, {}};
}

namespace {

using nlohmann::json;

std::string text_of(const json& params, const char* key) {
  if (!params.is_object()) return {};
  const auto found = params.find(key);
  return found != params.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// A name that is none is the method's to refuse.
std::optional<SubscriptionId> session_of(const json& params) {
  auto id = SubscriptionId::parse(text_of(params, "subscriptionIdentifier"));
  return id ? std::optional{*std::move(id)} : std::nullopt;
}

/// The first few sessions of a list that name themselves, and how many more entries it has.
std::string listed_sessions(const json& sessions) {
  constexpr std::size_t kMost = 8;
  std::string names;
  std::size_t named = 0;
  for (const json& entry : sessions) {
    if (named == kMost) break;
    const auto session = session_of(entry);
    if (!session) continue;
    names += (named++ == 0 ? "" : ",") + session->text();
  }
  if (named == sessions.size()) return names;
  return names + '+' + std::to_string(sessions.size() - named);
}

std::string target_of(const json& params) {
  if (const auto session = session_of(params)) return session->text();
  if (params.is_object() && params.contains("sessions") && params["sessions"].is_array()) {
    return listed_sessions(params["sessions"]);
  }
  std::string name = text_of(params, "name");
  return is_token_name(name) ? name : std::string{};
}

std::optional<Error> refusal_of(const std::string& name, const Access& access, const Identity& who,
                                const json& params) {
  if (!covers(who.role, access.role)) {
    return Error{ErrorCode::PermissionDenied,
                 name + " needs the role " + std::string{name_of(access.role)} + "; yours is " +
                     std::string{name_of(who.role)},
                 {}};
  }
  const auto session = session_of(params);
  if (!session || who.scope.covers(*session)) return std::nullopt;
  if (access.outside == Outside::NotFound) return no_such_session(session->text());
  return Error{ErrorCode::PermissionDenied,
               "params.subscriptionIdentifier: your scope does not hold sessions of this name",
               "params.subscriptionIdentifier"};
}

}  // namespace

Error no_such_session(const std::string& name) {
  return {ErrorCode::NotFound, "there is no session \"" + name + "\"",
          "params.subscriptionIdentifier"};
}

void MethodTable::add(const std::string& name, Access access, Method method) {
  [[maybe_unused]] const auto [entry, is_new] =
      methods_.emplace(name, Entry{access, guarded(name, access, std::move(method))});
  assert(is_new);
}

MethodTable::Method MethodTable::guarded(const std::string& name, Access access,
                                         Method method) const {
  return [this, name, access, method = std::move(method)](const Caller& caller, const json& params,
                                                          Reply reply) {
    if (access.effect == Effect::Changes && audit_) {
      reply = [audit = audit_, who = caller.identity, name, target = target_of(params),
               reply = std::move(reply)](Result<std::string> outcome) {
        audit(*who, name, target, outcome ? ErrorCode::None : outcome.error().code);
        reply(std::move(outcome));
      };
    }
    if (auto refused = refusal_of(name, access, *caller.identity, params)) {
      return reply(*std::move(refused));
    }
    method(caller, params, std::move(reply));
  };
}

const MethodTable::Method* MethodTable::find(const std::string& name) const {
  const auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second.method;
}

const Access& MethodTable::access_of(const std::string& name) const {
  return methods_.at(name).access;
}

std::vector<std::string> MethodTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, method] : methods_) names.push_back(name);
  return names;
}

}  // namespace bulkhead::supervisor
