#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::worker {

/// Copies of models that an engine has optimised for this machine, kept on disk with their
/// weights in a file of their own, so that all workers map the same pages read-only: one more
/// camera then costs no second copy of the weights. Isolation holds, pages are never written.
///
/// A value used while a model is loaded; many processes may use one folder at once. An entry is
/// written aside and renamed into place, and its files are hashed before each use, so that a
/// killed writer or a rotten disk costs one more build and nothing else. At
/// limits::kOptimizedModels entries the one unused for longest goes.
class OptimizedModels {
 public:
  static constexpr std::string_view kModelName = "model.onnx";
  static constexpr std::string_view kWeightsName = "weights.bin";

  /// Writes `kModelName` and, where the engine splits it off, `kWeightsName` into a folder.
  using Build = std::function<Result<void>(const std::filesystem::path& folder)>;

  /// `folder` is created on demand.
  explicit OptimizedModels(std::filesystem::path folder) : folder_{std::move(folder)} {}

  /// The checked model file for `key`, built first where there is none. Weights are laid out for
  /// one CPU and one engine, so a key must name the model's content, the engine's version and
  /// `cpu_fingerprint`. Errors: what `build` returned, or Io; then load the plain model instead.
  Result<std::filesystem::path> find_or_build(const std::string& key, const Build& build) const;

 private:
  std::filesystem::path folder_;
};

/// Short digest of the CPU's features as the kernel lists them.
[[nodiscard]] std::string cpu_fingerprint();

}  // namespace bulkhead::worker
