#include "common/class_threshold.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/shortest_decimal.hpp"
#include "common/stage_limits.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

std::optional<float> share(JsonFields& fields, std::string_view key) {
  if (fields.member(key) == nullptr) return std::nullopt;
  return static_cast<float>(fields.number(key, 0, 0, 1));
}

bool is_label(const std::string& text) {
  return !text.empty() && text.size() <= limits::kLabelBytes && !has_control_character(text);
}

}  // namespace

std::vector<ClassThreshold> read_class_thresholds(JsonFields& fields, std::string_view key) {
  std::vector<ClassThreshold> thresholds;
  const nlohmann::json* given = fields.member(key);
  if (given == nullptr) return thresholds;
  if (!given->is_object() || given->size() > limits::kClassThresholds) {
    fields.fail(key, "must be an object of at most " + std::to_string(limits::kClassThresholds) +
                         R"( classes, as in {"person": {"minConfidence": 0.5}})");
    return thresholds;
  }
  for (const auto& [label, value] : given->items()) {
    if (!is_label(label)) {
      fields.fail(key, "names a class by what is no label; give 1 to " +
                           std::to_string(limits::kLabelBytes) +
                           " bytes without control characters");
      return thresholds;
    }
    JsonFields entry{value, fields.path_of(key) + '.' + printable_text(label, limits::kLabelBytes)};
    ClassThreshold threshold{.label = label,
                             .min_confidence = share(entry, "minConfidence"),
                             .nms_iou = share(entry, "nmsIou")};
    if (auto done = entry.finish(); !done) {
      fields.fail(done.error());
    } else if (!threshold.min_confidence && !threshold.nms_iou) {
      entry.fail("", "says nothing; give minConfidence, nmsIou or both, or leave the class out");
      fields.fail(entry.finish().error());
    }
    thresholds.push_back(std::move(threshold));
  }
  return thresholds;
}

nlohmann::json to_json(const std::vector<ClassThreshold>& thresholds) {
  nlohmann::json json = nlohmann::json::object();
  for (const ClassThreshold& threshold : thresholds) {
    nlohmann::json& entry = json[threshold.label];
    if (threshold.min_confidence) {
      entry["minConfidence"] = shortest_decimal(*threshold.min_confidence);
    }
    if (threshold.nms_iou) entry["nmsIou"] = shortest_decimal(*threshold.nms_iou);
  }
  return json;
}

}  // namespace bulkhead
