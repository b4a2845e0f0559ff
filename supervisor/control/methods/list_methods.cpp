#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/subscription.hpp"

// session.setSubscriptionList: the whole list of sessions, declared.

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

const std::string kList = "sessions";

std::string path_of_entry(std::size_t index) {
  return kParams + "." + kList + "[" + std::to_string(index) + "]";
}

/// The name that an entry gives its session, where it gives one.
std::optional<SubscriptionId> name_in(const json& entry) {
  const auto found = entry.find(kIdKey);
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  auto id = SubscriptionId::parse(found->get<std::string>());
  if (!id) return std::nullopt;
  return std::move(*id);
}

struct ListRequest {
  const json* entries = nullptr;
  SessionTable::DeclaredList list;
};

/// What is wrong with one entry is that entry's; what is wrong with the list is the request's.
Result<ListRequest> read_list(const ControlServices& services, const Caller& caller,
                              const json& params) {
  JsonFields fields{params, kParams};
  ListRequest request;
  request.entries = fields.member(kList);
  request.list.all_or_nothing = fields.boolean("allOrNothing", false);
  request.list.remove_others = fields.boolean("removeOthers", true);
  if (request.entries == nullptr) {
    fields.fail(kList, "is missing; give the whole list, [] for no session at all");
  } else if (!request.entries->is_array()) {
    fields.fail(kList, std::string{"found a value of type "} + request.entries->type_name() +
                           "; give an array of what session.subscribe takes");
  } else if (request.entries->size() > limits::kListedSessions) {
    fields.fail(kList, "holds " + std::to_string(request.entries->size()) + " entries; at most " +
                           std::to_string(limits::kListedSessions) + " are allowed");
  }
  if (request.list.remove_others && !caller.identity->scope.is_all()) {
    fields.fail({ErrorCode::PermissionDenied,
                 "params.removeOthers: your scope does not hold all sessions; give false",
                 "params.removeOthers"});
  }
  if (const auto done = fields.finish(); !done) return done.error();
  for (std::size_t i = 0; i < request.entries->size(); ++i) {
    const json& entry = (*request.entries)[i];
    if (!entry.is_object()) {
      return Error{ErrorCode::InvalidParams,
                   path_of_entry(i) + ": found a value of type " + entry.type_name() +
                       "; give an object of what session.subscribe takes",
                   path_of_entry(i)};
    }
    if (auto name = name_in(entry)) {
      if (!caller.identity->scope.covers(*name)) {
        request.list.named.insert(*name);
        request.list.entries.emplace_back(Error{ErrorCode::PermissionDenied,
                                                "your scope does not hold sessions of this name",
                                                std::string{kIdKey}});
        continue;
      }
      const auto [place, is_first] = request.list.named.insert(*std::move(name));
      if (!is_first) {
        const std::string field = path_of_entry(i) + "." + kIdKey;
        return Error{
            ErrorCode::InvalidParams,
            field + ": \"" + place->text() + "\" is in the list already; name each session once",
            field};
      }
    }
    request.list.entries.push_back(read_subscription(services, caller, entry, path_of_entry(i)));
  }
  return request;
}

json refused_json(const json& entry, const Error& error) {
  json answer{{"change", "refused"},
              {"error", {{"code", name_of(error.code)}, {"message", error.message}}}};
  if (const auto name = name_in(entry)) answer[kIdKey] = name->text();
  if (!error.field.empty()) answer["error"]["field"] = error.field;
  return answer;
}

/// Collects what becomes of each entry and of the sessions that are in none; the disk may answer
/// for some of them later.
class ListReply {
 public:
  ListReply(std::size_t entries, bool applied, Reply reply)
      : entries_(entries, json()),
        open_{entries + 1},
        applied_{applied},
        reply_{std::move(reply)} {}

  void settle(std::size_t index, json entry) {
    entries_[index] = std::move(entry);
    finish_one();
  }

  /// Once, with all that were removed. `kept`: it is so on disk; none: there is no disk to ask.
  void settle_removed(const std::set<std::string>& names, std::optional<bool> kept) {
    for (const std::string& name : names) {
      json entry{{kIdKey, name}, {"change", "removed"}};
      if (kept) entry["kept"] = *kept;
      removed_.push_back(std::move(entry));
    }
    finish_one();
  }

 private:
  void finish_one() {
    if (--open_ > 0) return;
    entries_.insert(entries_.end(), removed_.begin(), removed_.end());
    reply_(json_text_of({{"applied", applied_}, {"sessions", std::move(entries_)}}));
  }

  json entries_;
  json removed_ = json::array();
  std::size_t open_;
  bool applied_;
  Reply reply_;
};

/// `named` are left alone, on disk as well.
void settle_others(const ControlServices& services, const std::vector<SubscriptionId>& removed,
                   const std::optional<std::set<SubscriptionId>>& named,
                   const std::shared_ptr<ListReply>& answer) {
  std::set<std::string> names;
  for (const SubscriptionId& id : removed) {
    services.connection_sessions.release(id);
    names.insert(id.text());
  }
  if (services.registry == nullptr || !named) return answer->settle_removed(names, {});
  services.registry->erase_others(
      *named, [answer, names](const Result<std::vector<std::string>>& erased) mutable {
        if (erased) names.insert(erased->begin(), erased->end());
        answer->settle_removed(names, erased.has_value());
      });
}

void set_list(const ControlServices& services, const Caller& caller, const json& params,
              const Reply& reply) {
  auto request = read_list(services, caller, params);
  if (!request) return reply(request.error());
  const auto specs = request->list.entries;  // the table takes its own
  std::optional<std::set<SubscriptionId>> named;
  if (request->list.remove_others) named = request->list.named;
  const auto outcome = services.sessions.set_list(std::move(request->list));
  if (!outcome.applied) named.reset();
  const auto& entries = outcome.entries;
  const auto answer = std::make_shared<ListReply>(entries.size(), outcome.applied, reply);
  settle_others(services, outcome.removed, named, answer);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i]) {
      answer->settle(
          i, refused_json((*request->entries)[i], at_path(entries[i].error(), path_of_entry(i))));
    } else if (!*entries[i]) {
      answer->settle(i, {{kIdKey, specs[i]->id.text()}, {"change", "held_back"}});
    } else {
      settle_subscription(services, caller, *specs[i],
                          subscription_json(specs[i]->id, **entries[i]),
                          [answer, i](const json& settled) { answer->settle(i, settled); });
    }
  }
}

}  // namespace

void add_list_methods(MethodTable& table, const ControlServices& services) {
  table.add("session.setSubscriptionList", {Role::Operator, Effect::Changes},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              set_list(services, caller, params, reply);
            });
}

}  // namespace bulkhead::supervisor
