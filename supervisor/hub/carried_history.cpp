// The history over an upgrade of the supervisor.

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "supervisor/hub/hub.hpp"
#include "supervisor/session/carried_record.hpp"

namespace bulkhead::supervisor {

using nlohmann::json;

json ResultHistory::carried(const std::set<SubscriptionId>& wanted) const {
  json sessions = json::array();
  for (const auto& [id, session] : sessions_) {
    if (!wanted.contains(id)) continue;
    json models = json::array();
    json results = json::array();
    const ModelCard* model = nullptr;
    for (const Kept& kept : session.results) {
      if (model != kept.model.get()) {
        model = kept.model.get();
        models.push_back(binary_of({.sequence = 1, .body = ipc::ModelLoaded{.card = *model}}));
      }
      results.push_back({{"model", models.size() - 1},
                         {"generation", kept.position.generation},
                         {"priority", static_cast<unsigned>(kept.priority)},
                         {"keptNs", kept.kept_ns},
                         {"record", binary_of({.sequence = kept.position.sequence,
                                               .publish_ns = kept.publish_ns,
                                               .body = kept.detection})}});
    }
    sessions.push_back({{"session", id.text()},
                        {"droppedGeneration", session.dropped.generation},
                        {"droppedSequence", session.dropped.sequence},
                        {"models", std::move(models)},
                        {"results", std::move(results)}});
  }
  return sessions;
}

Result<> ResultHistory::resume(const json& carried) {
  std::map<SubscriptionId, Session> sessions;
  try {
    for (const json& entry : carried) {
      const auto id = SubscriptionId::parse(entry.at("session").get<std::string>());
      if (!id) return Error{ErrorCode::Corrupt, "the history: " + id.error().message, {}};
      std::vector<std::shared_ptr<const ModelCard>> models;
      for (const json& model : entry.at("models")) {
        models.push_back(
            std::make_shared<const ModelCard>(body_from<ipc::ModelLoaded>(model).card));
      }
      Session& session = sessions[*id];
      session.dropped = {.generation = entry.at("droppedGeneration"),
                         .sequence = entry.at("droppedSequence")};
      for (const json& result : entry.at("results")) {
        ipc::Record record = record_from(result.at("record"));
        session.results.push_back({.position = {result.at("generation"), record.sequence},
                                   .priority = ipc::kAllPriorityClasses.at(result.at("priority")),
                                   .publish_ns = record.publish_ns,
                                   .kept_ns = result.at("keptNs"),
                                   .detection = std::get<Detection>(std::move(record.body)),
                                   .model = models.at(result.at("model"))});
        session.bytes += bytes_of(session.results.back());
      }
    }
  } catch (const std::exception& unreadable) {  // the library's, `get` and `at`
    return Error{ErrorCode::Corrupt, std::string{"the history: "} + unreadable.what(), {}};
  }
  sessions_ = std::move(sessions);
  return {};
}

json Hub::carried(const std::set<SubscriptionId>& sessions) const {
  return history_.carried(sessions);
}

Result<> Hub::resume(const json& carried) { return history_.resume(carried); }

}  // namespace bulkhead::supervisor
