#include "worker/cascade/text_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

std::vector<std::size_t> first_n(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

Result<TextReader> TextReader::create(const ReadStage& stage, const DetectorPlaces& places) {
  auto model = CropModel::create(stage.on, PixelRule::Rgb1, places);
  if (!model) return model.error();
  std::string alphabet = stage.alphabet;
  if (alphabet.empty() && model->entry()) alphabet = model->entry()->alphabet;
  const auto& shape = model->shape();
  const bool has_slots = shape.size() == 3 && shape[0] == 1 && shape[1] >= 1 &&
                         shape[1] <= static_cast<std::int64_t>(limits::kLabelBytes);
  if (!has_slots || shape[2] != static_cast<std::int64_t>(alphabet.size())) {
    const std::string found =
        shape.size() == 3
            ? std::to_string(shape[1]) + " slots of " + std::to_string(shape[2]) + " symbols"
            : "an output of " + std::to_string(shape.size()) + " dimensions";
    return Error{ErrorCode::ModelInvalid,
                 "the model has " + found + ", and the alphabet " +
                     std::to_string(alphabet.size()) +
                     " symbols; a read stage wants [1, slots, symbols] of at most " +
                     std::to_string(limits::kLabelBytes) + " slots and an \"alphabet\" to match",
                 "alphabet"};
  }
  if (alphabet.find(stage.blank) == std::string::npos) {
    return Error{ErrorCode::InvalidParams,
                 "the alphabet does not hold the symbol of an empty slot; name it as \"blank\"",
                 "blank"};
  }
  const auto slot = std::span{model->grey_output()}.first(alphabet.size());
  const bool is_ready = are_shares(slot);
  TextReader reader{std::move(*model), std::move(alphabet), stage.blank};
  reader.are_shares_ = is_ready;
  return reader;
}

Result<std::vector<Finding>> TextReader::read(std::span<const Frame> crops) {
  const auto rows = model_.run(crops);
  if (!rows) return rows.error();
  std::vector<Finding> findings;
  for (const auto row : *rows) findings.push_back(text_of(row));
  return findings;
}

Finding TextReader::text_of(std::span<const float> slots) const {
  const std::vector<std::size_t> all = first_n(alphabet_.size());
  const Activation activation = are_shares_ ? Activation::Auto : Activation::Softmax;
  Finding finding{{}, 1};
  for (auto rest = slots; !rest.empty(); rest = rest.subspan(alphabet_.size())) {
    const std::vector<float> shares = shares_of(rest.first(alphabet_.size()), all, activation);
    const auto best = std::ranges::max_element(shares);
    const char symbol = alphabet_[static_cast<std::size_t>(best - shares.begin())];
    if (symbol == blank_) continue;
    finding.text += symbol;
    finding.confidence = std::min(finding.confidence, *best);
  }
  if (finding.text.empty()) finding.confidence = 0;
  return finding;
}

}  // namespace bulkhead::worker
