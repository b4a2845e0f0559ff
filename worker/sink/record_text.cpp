#include "worker/sink/record_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/json_text.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/record_kind.hpp"

namespace bulkhead::worker {

namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

const json* member_of(const json& object, std::string_view name) {
  const auto found = object.find(name);  // the end, too, of what is no object
  return found == object.end() ? nullptr : &*found;
}

const std::string* string_in(const json& object, std::string_view name) {
  const json* member = member_of(object, name);
  return member == nullptr ? nullptr : member->get_ptr<const std::string*>();
}

bool holds(const Texts& texts, const std::string* text) {
  return text != nullptr && std::ranges::find(texts, *text) != texts.end();
}

bool is_in_zone(const Texts& zones, const json& object) {
  if (holds(zones, string_in(object, "zone"))) return true;
  const json* all = member_of(object, "zones");
  return all != nullptr && all->is_array() && std::ranges::any_of(*all, [&](const json& zone) {
           return holds(zones, zone.get_ptr<const std::string*>());
         });
}

bool is_for(const RecordFilter& filter, const json& object) {
  if (!filter.labels.empty() && !holds(filter.labels, string_in(object, "label"))) return false;
  if (filter.min_confidence > 0) {
    const json* confidence = member_of(object, "confidence");
    const bool is_sure = confidence != nullptr && confidence->is_number() &&
                         confidence->get<double>() >= filter.min_confidence;
    if (!is_sure) return false;
  }
  if (!filter.zones.empty() && !is_in_zone(filter.zones, object)) return false;
  const json* attributes = member_of(object, "attributes");
  return std::ranges::all_of(filter.attributes, [&](const std::string& name) {
    return attributes != nullptr && member_of(*attributes, name) != nullptr;
  });
}

Error too_long() {
  return {ErrorCode::InvalidParams,
          "what a template makes of the record has more than " +
              std::to_string(limits::kRenderedBytes) + " bytes; shorten the template",
          {}};
}

std::string plain_text(const json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text == nullptr ? value.dump() : *text;
}

}  // namespace

bool may_concern(const RecordFilter& filter, RecordKind kind) {
  if (kind == RecordKind::Gap) return false;
  const bool is_event = kind == RecordKind::Event;
  return filter.kinds.empty() || std::ranges::any_of(filter.kinds, [&](const std::string& name) {
           return (name != name_of(RecordKind::Detection)) == is_event;
         });
}

Result<RecordMessage> RecordMessage::read(const SinkRecord& record) {
  auto message = parse_json(record.json, JsonComments::Refused);
  if (!message) return message.error();
  if (!message->is_object()) {
    return Error{ErrorCode::InvalidParams, "the record is no object of JSON", {}};
  }
  (*message)["timestampMs"] = record.time_ns / kNsPerMs;
  if (record.kind != RecordKind::Event) (*message)["kind"] = name_of(record.kind);
  return RecordMessage{*std::move(message)};
}

std::vector<RecordSubject> RecordMessage::subjects(const RecordFilter& filter) const {
  std::vector<RecordSubject> subjects;
  const std::string* kind = string_in(message_, "kind");
  if (kind == nullptr || *kind == name_of(RecordKind::Gap)) return subjects;
  if (!filter.kinds.empty() && !holds(filter.kinds, kind)) return subjects;
  if (*kind != name_of(RecordKind::Detection)) {
    if (is_for(filter, message_)) subjects.push_back({message_, message_});
    return subjects;
  }
  const json* objects = member_of(message_, "objects");
  if (objects == nullptr || !objects->is_array()) return subjects;
  for (const json& object : *objects) {
    if (is_for(filter, object)) subjects.push_back({message_, object});
  }
  return subjects;
}

const json* value_of(const Placeholder& placeholder, const RecordSubject& subject) {
  const json* value = placeholder.is_of_object ? &subject.object : &subject.message;
  for (const std::string& name : placeholder.path) {
    value = member_of(*value, name);
    if (value == nullptr) return nullptr;
  }
  return value->is_string() || value->is_number() || value->is_boolean() ? value : nullptr;
}

Result<std::optional<std::string>> render(const RecordTemplate& text,
                                          const RecordSubject& subject) {
  std::string rendered;
  for (const RecordTemplate::Part& part : text.parts()) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      rendered += *literal;
    } else {
      const json* value = value_of(std::get<Placeholder>(part), subject);
      if (value == nullptr) return std::optional<std::string>{};
      rendered += plain_text(*value);
    }
    if (rendered.size() > limits::kRenderedBytes) return too_long();
  }
  return std::optional{std::move(rendered)};
}

Result<std::string> render_object(const TemplateFields& fields, const RecordSubject& subject) {
  std::string rendered{"{"};
  JsonMembers members{rendered};
  for (const auto& [name, text] : fields) {
    std::string& out = members.foreign_key(name);
    if (const Placeholder* alone = text.lone_placeholder()) {
      const json* value = value_of(*alone, subject);
      out += value == nullptr ? "null" : value->dump();
    } else {
      const auto value = render(text, subject);
      if (!value) return value.error();
      if (*value)
        append_json_string(out, **value);
      else
        out += "null";
    }
    if (rendered.size() > limits::kRenderedBytes) return too_long();
  }
  rendered += '}';
  return rendered;
}

}  // namespace bulkhead::worker
