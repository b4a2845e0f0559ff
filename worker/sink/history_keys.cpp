#include "worker/sink/history_keys.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "ipc/history_file.hpp"

namespace bulkhead::worker {

namespace {

using ipc::history_key;
using ipc::HistoryTerm;
using nlohmann::json;

static_assert(static_cast<int>(RecordKind::Detection) ==
              static_cast<int>(ipc::HistoryKind::Detection));
static_assert(static_cast<int>(RecordKind::Event) == static_cast<int>(ipc::HistoryKind::Event));
static_assert(static_cast<int>(RecordKind::Gap) == static_cast<int>(ipc::HistoryKind::Gap));

using Keys = std::vector<std::uint32_t>;

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const std::string* text_of(const json& object, const char* name) {
  const json* value = member(object, name);
  return value == nullptr ? nullptr : value->get_ptr<const std::string*>();
}

void add_attributes(Keys& keys, const json& attributes) {
  if (!attributes.is_object()) return;
  for (const auto& [name, value] : attributes.items()) {
    keys.push_back(history_key(HistoryTerm::Attribute, name));
    const std::string* label =
        value.is_object() ? text_of(value, "label") : value.get_ptr<const std::string*>();
    if (label != nullptr) keys.push_back(history_key(HistoryTerm::AttributeValue, name, *label));
  }
}

void add_thing(Keys& keys, const json& thing) {
  if (!thing.is_object()) return;
  if (const std::string* label = text_of(thing, "label")) {
    keys.push_back(history_key(HistoryTerm::Label, *label));
  }
  if (const json* track = member(thing, "trackId"); track && track->is_number_unsigned()) {
    keys.push_back(history_key(HistoryTerm::Track, std::to_string(track->get<std::uint64_t>())));
  }
  if (const std::string* zone = text_of(thing, "zone")) {
    keys.push_back(history_key(HistoryTerm::Zone, *zone));
  }
  if (const json* zones = member(thing, "zones"); zones && zones->is_array()) {
    for (const json& zone : *zones) {
      if (const auto* name = zone.get_ptr<const std::string*>()) {
        keys.push_back(history_key(HistoryTerm::Zone, *name));
      }
    }
  }
  if (const json* attributes = member(thing, "attributes")) add_attributes(keys, *attributes);
}

}  // namespace

std::vector<std::uint32_t> history_keys(const json& message, RecordKind kind) {
  Keys keys;
  if (!message.is_object()) return keys;
  if (kind != RecordKind::Detection) {
    keys.push_back(history_key(HistoryTerm::Kind, std::to_string(static_cast<int>(kind))));
    add_thing(keys, message);
  }
  if (const std::string* context = text_of(message, "context")) {
    keys.push_back(history_key(HistoryTerm::Context, *context));
  }
  if (const json* objects = member(message, "objects"); objects && objects->is_array()) {
    for (const json& object : *objects) add_thing(keys, object);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

bool is_worth_keeping(const json& message, RecordKind kind) {
  if (kind != RecordKind::Detection) return true;
  const json* objects = member(message, "objects");
  return objects == nullptr || !objects->empty();
}

}  // namespace bulkhead::worker
