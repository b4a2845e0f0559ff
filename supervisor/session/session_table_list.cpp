#include <algorithm>
#include <utility>

#include "supervisor/session/session.hpp"
#include "supervisor/session/session_table.hpp"

// Who gets a place in the table, and a whole list of sessions at once.

namespace bulkhead::supervisor {

namespace {

Error log_file_taken(const SubscriptionId& by) {
  return {ErrorCode::AlreadyExists,
          "the session \"" + by.text() + "\" already writes to the log file of this name",
          "subscriptionIdentifier"};
}

}  // namespace

std::size_t SessionTable::wanted_sessions() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [](const auto& entry) { return entry.second->wanted(); }));
}

Result<void> SessionTable::check_places(std::size_t wanted, std::size_t present) const {
  const std::size_t most = environment_.max_sessions;
  if (wanted >= most) {
    return Error{ErrorCode::LimitReached,
                 "all " + std::to_string(most) +
                     " sessions are taken; unsubscribe one or raise "
                     "session_processes.max_concurrent_sessions",
                 {}};
  }
  // Leaving takes a worker seconds; who adds and removes without end shall not have any number.
  if (present >= 2 * most) {
    return Error{ErrorCode::LimitReached,
                 "workers of " + std::to_string(present - wanted) +
                     " removed sessions have yet to end; try again in some seconds",
                 {}};
  }
  return {};
}

Result<void> SessionTable::check_log_file(const SubscriptionId& id) const {
  for (const auto& [other, session] : sessions_) {
    if (other != id && other.file_stem() == id.file_stem()) {
      return log_file_taken(other);
    }
  }
  return {};
}

Result<void> SessionTable::check_newcomer(const SubscriptionId& id) const {
  if (auto place = check_places(wanted_sessions(), sessions_.size()); !place) return place;
  return check_log_file(id);
}

Result<void> SessionTable::check_entry(const SessionSpec& spec, std::size_t& wanted,
                                       std::size_t& present) const {
  const auto known = sessions_.find(spec.id);
  const bool is_known = known != sessions_.end();
  if (is_known && known->second->wanted()) {
    if (known->second->spec() == spec) return {};
    const auto possible = known->second->possible_change(spec);
    return possible ? Result<void>{} : possible.error();
  }
  const std::size_t others = is_known ? present - 1 : present;
  if (auto place = check_places(wanted, others); !place) return place;
  if (auto log = check_log_file(spec.id); !log) return log;
  ++wanted;
  present = others + 1;
  return {};
}

std::set<std::string> SessionTable::models_in_use() const {
  std::set<std::string> used;
  for (const auto& [id, session] : sessions_) {
    for (const ModelUrl& url : session->model_urls()) used.insert(url.sha256);
  }
  return used;
}

SessionTable::ListOutcome SessionTable::set_list(DeclaredList list) {
  ListOutcome outcome{.applied = true, .entries = {}, .removed = {}};
  std::vector<SubscriptionId> others;
  for (const auto& [id, session] : sessions_) {
    if (list.remove_others && session->wanted() && !list.named.contains(id)) others.push_back(id);
  }
  std::size_t wanted = wanted_sessions() - others.size();
  std::size_t present = sessions_.size();
  std::map<std::string, SubscriptionId> log_files;  // of the entries before
  bool is_refused = false;
  for (Result<SessionSpec>& entry : list.entries) {
    if (entry) {
      const auto other = log_files.find(entry->id.file_stem());
      Result<void> judged;
      if (stopping_) {
        judged = Error{ErrorCode::Unavailable, "the supervisor is stopping", {}};
      } else if (other != log_files.end()) {
        judged = log_file_taken(other->second);
      } else {
        judged = check_entry(*entry, wanted, present);
      }
      if (judged) {
        log_files.emplace(entry->id.file_stem(), entry->id);
      } else {
        entry = judged.error();
      }
    }
    is_refused = is_refused || !entry;
  }
  const bool is_held_back = list.all_or_nothing && is_refused;
  outcome.applied = !is_held_back && !stopping_;
  if (outcome.applied) {
    for (const SubscriptionId& id : others) sessions_.at(id)->stop();
    outcome.removed = std::move(others);
  }
  for (Result<SessionSpec>& entry : list.entries) {
    if (!entry) {
      outcome.entries.emplace_back(entry.error());
    } else if (is_held_back) {
      outcome.entries.emplace_back(std::nullopt);
    } else {
      constexpr bool kInTurn = true;
      auto taken = take_in(std::move(*entry), kInTurn);
      if (taken) {
        outcome.entries.emplace_back(*taken);
      } else {
        outcome.entries.emplace_back(taken.error());
      }
    }
  }
  return outcome;
}

}  // namespace bulkhead::supervisor
