#include "worker/cascade/crop_model.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint32_t kUsualSide =
    224;  // of ImageNet's classifiers, where a model leaves it open

// Of pictures that are tried beside each other: no multiple of any usual width.
constexpr std::size_t kTrialPeriod = 251;
// Sums of floats in another order differ by less; ranges that are taken of other pictures by more.
constexpr float kTrialTolerance = 1e-3F;

bool takes_any_number(const OnnxSignature& model) {
  return model.inputs.front().dimensions.front().size <= 0;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t side : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(side);
  }
  return text + ']';
}

Result<InputSize> choose_input(const LocatedModel& model) {
  InputSize size = declared_input(model.file.signature());
  const auto choose = [](std::uint32_t own, std::uint32_t catalogue) {
    if (own != 0) return own;
    return catalogue != 0 ? catalogue : kUsualSide;
  };
  size.width = choose(size.width, model.entry ? model.entry->input_width : 0);
  size.height = choose(size.height, model.entry ? model.entry->input_height : 0);
  if (size.width <= limits::kModelInputSide && size.height <= limits::kModelInputSide) return size;
  return Error{ErrorCode::ModelInvalid,
               "the model's input is larger than " + std::to_string(limits::kModelInputSide) +
                   " pixels: " + describe(model.file.signature().inputs.front()),
               "model"};
}

}  // namespace

Result<CropModel> CropModel::create(const CropModelSpec& spec, PixelRule usual,
                                    const DetectorPlaces& places) {
  const auto catalog = ModelCatalog::load(places.catalog);
  if (!catalog) return catalog.error();
  auto located = locate_model(spec.model, *catalog, places.model_dir, places.model_cache);
  if (!located) return located.error();
  const auto input = choose_input(*located);
  if (!input) return input.error();
  BackendOptions options{*input, spec.intra_op_threads, places.cache_dir, 1, places.loaded};
  if (takes_any_number(located->file.signature())) options.pictures = limits::kCropBatch;
  auto backend = create_backend(Engine::OnnxRuntime, located->file, options);
  if (!backend) return backend.error();

  const bool takes_bytes = picture_form(located->file.signature()).bytes;
  const PixelRule of_file = takes_bytes ? PixelRule::Rgb255 : usual;
  const PixelRule of_catalog =
      located->entry && located->entry->pixels ? *located->entry->pixels : of_file;
  CropModel model{std::move(*backend),
                  Letterbox{*input, Anchor::Stretch, spec.pixels.value_or(of_catalog)}};
  const auto outputs = model.backend_->run(model.letterbox_.planes());
  if (!outputs) {
    return Error{ErrorCode::ModelInvalid,
                 located->file.path().string() + " loads, but does not run; export it again. " +
                     outputs.error().message,
                 "model"};
  }
  const OutputView& first = outputs->front();
  model.shape_.assign(first.shape.begin(), first.shape.end());
  model.grey_output_.assign(first.values.begin(), first.values.end());
  if (model.grey_output_.empty()) {
    return Error{ErrorCode::ModelInvalid, "the model's output is empty: " + shape_text(first.shape),
                 "model"};
  }
  if (options.pictures > 1 && model.tells_pictures_apart()) {
    model.most_at_once_ = limits::kCropBatch;
  }
  model.name_ = located->entry ? located->entry->name : located->file.path().stem().string();
  model.sha256_ = located->file.sha256();
  model.signature_ = located->file.signature();
  model.entry_ = std::move(located->entry);
  return model;
}

bool CropModel::tells_pictures_apart() {
  // Beside the grey picture some that have nothing of it, in the range that the model is used to.
  const auto grey = letterbox_.planes();
  planes_.assign(grey.begin(), grey.end());
  for (std::size_t picture = 1; picture < limits::kCropBatch; ++picture) {
    const auto step = static_cast<float>(picture + 1);
    for (std::size_t i = 0; i < grey.size(); ++i) {
      planes_.push_back(grey[i] * static_cast<float>(i % kTrialPeriod) * step / kTrialPeriod);
    }
  }
  const auto outputs = run_planes(planes_, limits::kCropBatch);
  if (!outputs) return false;
  const auto beside_others = outputs->values.first(grey_output_.size());
  return std::ranges::equal(beside_others, grey_output_, [](float a, float b) {
    return std::abs(a - b) <= kTrialTolerance * std::max(1.0F, std::abs(b));
  });
}

Result<OutputView> CropModel::run_planes(std::span<const float> planes, std::size_t pictures) {
  const auto outputs = backend_->run(planes);
  if (!outputs) return outputs.error();
  const OutputView& first = outputs->front();
  const bool fits = !shape_.empty() && !first.shape.empty() &&
                    std::ranges::equal(first.shape.subspan(1), std::span{shape_}.subspan(1)) &&
                    first.values.size() == pictures * grey_output_.size();
  if (fits) return first;
  return Error{ErrorCode::InferenceFailed, "the shape of the model's output changed", {}};
}

Result<std::vector<std::span<const float>>> CropModel::run(std::span<const Frame> crops) {
  assert(!crops.empty() && crops.size() <= most_at_once_);
  planes_.clear();
  for (const Frame& crop : crops) {
    if (const auto written = letterbox_.write(crop); !written) return written.error();
    const auto planes = letterbox_.planes();
    if (crops.size() > 1) planes_.insert(planes_.end(), planes.begin(), planes.end());
  }
  const auto output = run_planes(
      crops.size() > 1 ? std::span<const float>{planes_} : letterbox_.planes(), crops.size());
  if (!output) return output.error();
  std::vector<std::span<const float>> rows;
  const std::size_t row = grey_output_.size();
  for (std::size_t i = 0; i < crops.size(); ++i)
    rows.push_back(output->values.subspan(i * row, row));
  return rows;
}

}  // namespace bulkhead::worker
