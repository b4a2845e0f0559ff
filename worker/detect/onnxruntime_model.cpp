#include "worker/detect/onnxruntime_model.hpp"

#include "worker/model/optimized_model.hpp"

namespace bulkhead::worker {

namespace {

// Keys of ONNX Runtime's configuration entries; they are strings of its documented interface.
constexpr const char* kSpinningKey = "session.intra_op.allow_spinning";
constexpr const char* kWeightsFileKey = "session.optimized_model_external_initializers_file_name";
constexpr const char* kWeightsMinKey =
    "session.optimized_model_external_initializers_min_size_in_bytes";

/// Sets of options for one model: the same but for how far its graph is optimised.
Ort::SessionOptions session_options(const ModelFile& model, const BackendOptions& wanted,
                                    GraphOptimizationLevel level) {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(static_cast<int>(wanted.intra_op_threads));
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.AddConfigEntry(kSpinningKey, "0");  // idle cameras must cost nothing
  // A plan of all memory ahead is no faster for one picture at a time, and takes a block of its own
  // beside what the first run used: 10 MB more with YOLO11n at 416, 39 MB at 640.
  options.DisableMemPattern();
  options.SetGraphOptimizationLevel(level);
  // A fixed size lets it fold what depends on it.
  const std::array<std::int64_t, 4> shape =
      input_shape(picture_form(model.signature()), wanted.input);
  const auto& dimensions = model.signature().inputs.front().dimensions;
  const std::size_t first = wanted.pictures > 1 ? 1 : 0;  // the number of pictures stays open
  for (std::size_t i = first; i < shape.size(); ++i) {
    if (dimensions[i].size > 0 || dimensions[i].name.empty()) continue;
    Ort::ThrowOnError(Ort::GetApi().AddFreeDimensionOverrideByName(
        options, dimensions[i].name.c_str(), shape[i]));
  }
  return options;
}

/// What of the options the graph of a model depends on.
std::string form_text(const BackendOptions& options) {
  return std::to_string(options.input.width) + "x" + std::to_string(options.input.height) +
         (options.pictures > 1 ? "xn" : "");
}

}  // namespace

std::array<std::int64_t, 4> input_shape(PictureForm form, InputSize input) {
  if (form.interleaved) return {1, input.height, input.width, 3};
  return {1, 3, input.height, input.width};
}

OnnxRuntimeModel::OnnxRuntimeModel(const ModelFile& model, const BackendOptions& options)
    // What it would print comes back in exceptions.
    : env_{ORT_LOGGING_LEVEL_FATAL, "bulkhead"} {
  if (const auto optimized = optimized_copy(model, options)) {
    load_optimized(*optimized, model, options);
  }
  if (!session_) {
    session_.emplace(env_, model.bytes().data(), model.bytes().size(),
                     session_options(model, options, ORT_ENABLE_ALL));
  }
}

std::optional<std::filesystem::path> OnnxRuntimeModel::optimized_copy(
    const ModelFile& model, const BackendOptions& options) {
  if (options.cache_dir.empty()) return std::nullopt;
  const std::string key = model.sha256() + "-ort" + Ort::GetVersionString() + "-cpu" +
                          cpu_fingerprint() + "-" + form_text(options);
  const auto copy = OptimizedModels{options.cache_dir}.find_or_build(
      key, [&](const std::filesystem::path& folder) { return build(folder, model, options); });
  if (copy) return *copy;
  notes_.push_back("the model runs without an optimised copy: " + copy.error().message);
  return std::nullopt;
}

Result<> OnnxRuntimeModel::build(const std::filesystem::path& folder, const ModelFile& model,
                                 const BackendOptions& options) {
  try {
    Ort::SessionOptions writing = session_options(model, options, ORT_ENABLE_ALL);
    writing.SetOptimizedModelFilePath((folder / OptimizedModels::kModelName).c_str());
    writing.AddConfigEntry(kWeightsFileKey, OptimizedModels::kWeightsName.data());
    writing.AddConfigEntry(kWeightsMinKey, "256");
    const Ort::Session written{env_, model.bytes().data(), model.bytes().size(), writing};
    notes_.emplace_back("an optimised copy of the model was written");
    return {};
  } catch (const std::exception& error) {
    return Error{ErrorCode::Io, error.what(), {}};
  }
}

void OnnxRuntimeModel::load_optimized(const std::filesystem::path& file, const ModelFile& model,
                                      const BackendOptions& options) {
  try {
    // Optimised already: going over it again would copy the mapped weights.
    session_.emplace(env_, file.c_str(), session_options(model, options, ORT_DISABLE_ALL));
  } catch (const std::exception& error) {
    notes_.push_back("the optimised copy of the model does not load: " + std::string{error.what()});
  }
}

std::shared_ptr<OnnxRuntimeModel> load_onnxruntime_model(const ModelFile& model,
                                                         const BackendOptions& options) {
  const auto load = [&] { return std::make_shared<OnnxRuntimeModel>(model, options); };
  if (!options.loaded) return load();
  const std::string key = model.sha256() + "-" + form_text(options) + "-threads" +
                          std::to_string(options.intra_op_threads);
  return options.loaded->get(key, load);
}

}  // namespace bulkhead::worker
