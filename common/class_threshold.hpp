#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

class JsonFields;

/// What is asked of one class where it differs from what its detector asks of all.
struct ClassThreshold {
  std::string label;
  std::optional<float> min_confidence;
  std::optional<float> nms_iou;

  bool operator==(const ClassThreshold&) const = default;
};

/// {"person": {"minConfidence": 0.5, "nmsIou": 0.6}, …}, at most limits::kClassThresholds; each
/// says something. Whether the model has such a class only its worker knows.
[[nodiscard]] std::vector<ClassThreshold> read_class_thresholds(JsonFields& fields,
                                                                std::string_view key);
[[nodiscard]] nlohmann::json to_json(const std::vector<ClassThreshold>& thresholds);

/// One threshold, by the label ids of a model. A number alone is the same for all.
class LabelThreshold {
 public:
  // Implicit: nearly all pipelines have one number.
  LabelThreshold(float usual = 0) : usual_{usual}, least_{usual} {}
  LabelThreshold(float usual, std::vector<float> by_label)
      : usual_{usual}, least_{usual}, by_label_{std::move(by_label)} {
    if (!by_label_.empty()) least_ = *std::ranges::min_element(by_label_);
  }

  [[nodiscard]] float of(std::uint16_t label_id) const noexcept {
    return label_id < by_label_.size() ? by_label_[label_id] : usual_;
  }
  [[nodiscard]] float least() const noexcept { return least_; }

  bool operator==(const LabelThreshold&) const = default;

 private:
  float usual_;
  float least_;
  std::vector<float> by_label_;  // empty: the usual one for all
};

}  // namespace bulkhead
