#include "supervisor/history/history_query.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

namespace bulkhead::supervisor {

namespace {

using ipc::history_key;
using ipc::HistoryTerm;
using nlohmann::json;

constexpr char kCursorSeparator = '@';  // in no name of a session

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool is_text(const json* value, const std::string& wanted) {
  const auto* text = value != nullptr ? value->get_ptr<const std::string*>() : nullptr;
  return text != nullptr && *text == wanted;
}

bool has_label(const json& thing, const std::vector<std::string>& labels) {
  const json* label = member(thing, "label");
  return labels.empty() || std::ranges::any_of(labels, [&](const std::string& wanted) {
           return is_text(label, wanted);
         });
}

bool is_sure_enough(const json& thing, double least) {
  const json* confidence = member(thing, "confidence");
  if (least <= 0 || confidence == nullptr) return true;  // an event has none
  return confidence->is_number() && confidence->get<double>() >= least;
}

bool has_track(const json& thing, std::optional<std::uint64_t> wanted) {
  if (!wanted) return true;
  const json* track = member(thing, "trackId");
  return track != nullptr && track->is_number_unsigned() && track->get<std::uint64_t>() == *wanted;
}

bool is_in_zone(const json& thing, const std::string& wanted) {
  if (wanted.empty() || is_text(member(thing, "zone"), wanted)) return true;
  const json* zones = member(thing, "zones");
  return zones != nullptr && zones->is_array() &&
         std::ranges::any_of(*zones, [&](const json& zone) { return is_text(&zone, wanted); });
}

bool has_attribute(const json& thing, const HistoryFilter& filter) {
  if (filter.attribute.empty()) return true;
  const json* attributes = member(thing, "attributes");
  if (attributes == nullptr || !attributes->is_object()) return false;
  const json* value = member(*attributes, filter.attribute.c_str());
  if (value == nullptr || !filter.attribute_value) return value != nullptr;
  return is_text(value->is_object() ? member(*value, "label") : value, *filter.attribute_value);
}

bool is_wanted(const json& thing, const HistoryFilter& filter) {
  return thing.is_object() && has_label(thing, filter.labels) &&
         is_sure_enough(thing, filter.min_confidence) && has_track(thing, filter.track) &&
         is_in_zone(thing, filter.zone) && has_attribute(thing, filter);
}

}  // namespace

bool HistoryFilter::is_of_objects() const noexcept {
  return !labels.empty() || track || !zone.empty() || !attribute.empty();
}

std::string HistoryPosition::cursor() const {
  return std::to_string(time_ns) + kCursorSeparator + session;
}

std::optional<HistoryPosition> HistoryPosition::from_cursor(const std::string& cursor) {
  HistoryPosition position;
  const char* const end = cursor.data() + cursor.size();
  const auto [rest, bad] = std::from_chars(cursor.data(), end, position.time_ns);
  if (bad != std::errc{} || position.time_ns < 0 || rest == end || *rest != kCursorSeparator) {
    return std::nullopt;
  }
  position.session.assign(rest + 1, end);
  if (!SubscriptionId::parse(position.session)) return std::nullopt;
  return position;
}

bool HistoryQuery::is_before(const HistoryPosition& one, const HistoryPosition& other) const {
  if (one.time_ns == other.time_ns) return one.session < other.session;
  return (order == HistoryOrder::OldestFirst) == (one.time_ns < other.time_ns);
}

std::optional<json> wanted_part(json message, ipc::HistoryKind kind, const HistoryFilter& filter) {
  if (!filter.kinds.empty() && !filter.kinds.contains(kind)) return std::nullopt;
  if (!message.is_object()) return std::nullopt;
  if (!filter.context.empty() && !is_text(member(message, "context"), filter.context)) {
    return std::nullopt;
  }
  if (kind == ipc::HistoryKind::Gap) {
    return filter.is_of_objects() ? std::nullopt : std::optional{std::move(message)};
  }
  if (kind == ipc::HistoryKind::Event) {
    return is_wanted(message, filter) ? std::optional{std::move(message)} : std::nullopt;
  }
  const auto objects = message.find("objects");
  if (objects == message.end() || !objects->is_array()) return std::nullopt;
  json wanted = json::array();
  for (json& object : *objects) {
    if (is_wanted(object, filter)) wanted.push_back(std::move(object));
  }
  if (wanted.empty()) return std::nullopt;
  *objects = std::move(wanted);
  return std::optional{std::move(message)};
}

std::vector<std::vector<std::uint32_t>> wanted_keys(const HistoryFilter& filter) {
  std::vector<std::vector<std::uint32_t>> groups;
  if (filter.track) {
    groups.push_back({history_key(HistoryTerm::Track, std::to_string(*filter.track))});
  }
  if (!filter.context.empty())
    groups.push_back({history_key(HistoryTerm::Context, filter.context)});
  if (!filter.attribute.empty()) {
    groups.push_back(
        {filter.attribute_value
             ? history_key(HistoryTerm::AttributeValue, filter.attribute, *filter.attribute_value)
             : history_key(HistoryTerm::Attribute, filter.attribute)});
  }
  if (!filter.zone.empty()) groups.push_back({history_key(HistoryTerm::Zone, filter.zone)});
  std::vector<std::uint32_t> kinds;
  for (const ipc::HistoryKind kind : filter.kinds) {
    kinds.push_back(history_key(HistoryTerm::Kind, std::to_string(static_cast<int>(kind))));
  }
  // Detections are too many for it to be worth a posting that a result is one.
  if (!kinds.empty() && !filter.kinds.contains(ipc::HistoryKind::Detection)) {
    groups.push_back(std::move(kinds));
  }
  std::vector<std::uint32_t> labels;
  for (const std::string& label : filter.labels) {
    labels.push_back(history_key(HistoryTerm::Label, label));
  }
  if (!labels.empty()) groups.push_back(std::move(labels));
  return groups;
}

}  // namespace bulkhead::supervisor
