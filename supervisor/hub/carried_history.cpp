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
    json zone_lists = json::array();
    const std::vector<std::string>* zones = nullptr;
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
      if (kept.zones == nullptr) continue;
      if (zones != kept.zones.get()) {
        zones = kept.zones.get();
        zone_lists.push_back(
            binary_of({.sequence = 1, .body = ipc::ZonesInEffect{.names = *zones}}));
      }
      results.back()["zones"] = zone_lists.size() - 1;
    }
    sessions.push_back({{"session", id.text()},
                        {"droppedGeneration", session.dropped.generation},
                        {"droppedSequence", session.dropped.sequence},
                        {"models", std::move(models)},
                        {"zoneLists", std::move(zone_lists)},
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
      std::vector<ZoneNames> zone_lists;
      for (const json& list : entry.at("zoneLists")) {
        zone_lists.push_back(std::make_shared<const std::vector<std::string>>(
            body_from<ipc::ZonesInEffect>(list).names));
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
        if (result.contains("zones")) {
          session.results.back().zones = zone_lists.at(result.at("zones"));
        }
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
  return {{"results", history_.carried(sessions)}, {"alerts", alerts_.carried(sessions)}};
}

Result<> Hub::resume(const json& carried) {
  // Of a program that left none.
  if (carried.empty()) return {};
  if (!carried.contains("results") || !carried.contains("alerts")) {
    return Error{ErrorCode::Corrupt, "the history: results or alerts are missing", {}};
  }
  if (auto resumed = history_.resume(carried["results"]); !resumed) return resumed;
  if (auto resumed = alerts_.resume(carried["alerts"]); !resumed) return resumed;
  for (const char* kind : {"results", "alerts"}) {
    for (const json& entry : carried[kind]) {
      shared_name(SubscriptionId::parse(entry["session"].get<std::string>()).value());
    }
  }
  return {};
}

}  // namespace bulkhead::supervisor
