#include "worker/cascade/crop_model.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint32_t kUsualSide =
    224;  // of ImageNet's classifiers, where a model leaves it open

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
  auto backend = create_backend(Engine::OnnxRuntime, located->file,
                                {*input, spec.intra_op_threads, places.cache_dir});
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
  model.name_ = located->entry ? located->entry->name : located->file.path().stem().string();
  model.sha256_ = located->file.sha256();
  model.signature_ = located->file.signature();
  model.entry_ = std::move(located->entry);
  return model;
}

Result<OutputView> CropModel::run(const Frame& crop) {
  if (const auto written = letterbox_.write(crop); !written) return written.error();
  const auto outputs = backend_->run(letterbox_.planes());
  if (!outputs) return outputs.error();
  if (!std::ranges::equal(outputs->front().shape, shape_)) {
    return Error{ErrorCode::InferenceFailed, "the shape of the model's output changed", {}};
  }
  return outputs->front();
}

}  // namespace bulkhead::worker
