#include "worker/cascade/classifier.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "worker/detect/model_labels.hpp"

namespace bulkhead::worker {

namespace {

/// The number of classes in [1, classes], with or without sides of 1 behind.
Result<std::uint32_t> classes_of(const CropModel& model) {
  const auto& shape = model.shape();
  const bool fits =
      shape.size() >= 2 && shape[0] == 1 &&
      std::all_of(shape.begin() + 2, shape.end(), [](auto side) { return side == 1; });
  if (fits && shape[1] >= 1 && shape[1] <= static_cast<std::int64_t>(limits::kLabels)) {
    return static_cast<std::uint32_t>(shape[1]);
  }
  std::string found;
  for (const std::int64_t side : shape) found += (found.empty() ? "" : ", ") + std::to_string(side);
  return Error{ErrorCode::ModelInvalid,
               "the model is no classifier: its output is [" + found +
                   "]; a classify stage wants [1, classes] of at most " +
                   std::to_string(limits::kLabels) + " classes",
               "model"};
}

Result<std::vector<std::size_t>> wanted_of(const std::vector<std::string>& classes,
                                           const std::vector<std::string>& labels) {
  std::vector<std::size_t> wanted;
  if (classes.empty()) {
    wanted.resize(labels.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    return wanted;
  }
  for (const std::string& name : classes) {
    const auto found = std::ranges::find(labels, name);
    if (found == labels.end()) {
      return Error{ErrorCode::InvalidParams,
                   "the classifier has no class \"" + printable_text(name, limits::kLabelBytes) +
                       "\"; its " + std::to_string(labels.size()) + " classes start with \"" +
                       labels.front() + "\"",
                   "classes"};
    }
    wanted.push_back(static_cast<std::size_t>(found - labels.begin()));
  }
  return wanted;
}

float number(float value) { return std::isfinite(value) ? value : 0; }

}  // namespace

bool are_shares(std::span<const float> values) {
  constexpr float kRounding = 0.02F;  // as of a model in bytes
  const bool in_range =
      std::ranges::all_of(values, [](float value) { return value >= 0 && value <= 1; });
  const float sum = std::accumulate(values.begin(), values.end(), 0.0F);
  return in_range && std::abs(sum - 1) < kRounding;
}

std::vector<float> shares_of(std::span<const float> values, const std::vector<std::size_t>& wanted,
                             Activation activation) {
  std::vector<float> shares;
  shares.reserve(wanted.size());
  for (const std::size_t i : wanted) shares.push_back(number(values[i]));
  if (activation == Activation::Sigmoid) {
    for (float& share : shares) share = 1 / (1 + std::exp(-share));
    return shares;
  }
  if (activation == Activation::Softmax) {
    // The largest becomes 1, so that none overflows.
    const float largest = *std::ranges::max_element(shares);
    for (float& share : shares) share = std::exp(share - largest);
  }
  const float sum = std::accumulate(shares.begin(), shares.end(), 0.0F);
  if (sum <= 0) return std::vector<float>(shares.size(), 0.0F);
  for (float& share : shares) share = std::clamp(share / sum, 0.0F, 1.0F);
  return shares;
}

Result<Classifier> Classifier::create(const ClassifyStage& stage, const DetectorPlaces& places) {
  auto model = CropModel::create(stage.on, PixelRule::RgbImagenet, places);
  if (!model) return model.error();
  const auto classes = classes_of(*model);
  if (!classes) return classes.error();
  auto labels = choose_labels(*classes, stage.labels, model->signature(), model->entry(), {});
  if (!labels) return labels.error();
  auto wanted = wanted_of(stage.classes, *labels);
  if (!wanted) return wanted.error();
  Activation activation = stage.activation;
  if (activation == Activation::Auto && !are_shares(model->grey_output())) {
    activation = Activation::Softmax;
  }
  Classifier classifier{std::move(*model), activation};
  classifier.labels_ = *std::move(labels);
  classifier.wanted_ = *std::move(wanted);
  return classifier;
}

Result<std::vector<Finding>> Classifier::classify(std::span<const Frame> crops) {
  const auto rows = model_.run(crops);
  if (!rows) return rows.error();
  std::vector<Finding> findings;
  for (const auto row : *rows) {
    const std::vector<float> shares = shares_of(row, wanted_, activation_);
    const auto best = std::ranges::max_element(shares);
    const auto index = static_cast<std::size_t>(best - shares.begin());
    findings.push_back({labels_[wanted_[index]], *best});
  }
  return findings;
}

}  // namespace bulkhead::worker
