#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "common/result.hpp"
#include "worker/model/onnx_signature.hpp"

namespace bulkhead::worker {

/// Lower-case hexadecimal SHA-256.
[[nodiscard]] std::string sha256_hex(std::span<const std::byte> bytes);

/// One model file, read whole into memory, so that what was hashed is what an engine loads.
///
/// A value that lives while a detector is created; drop it once the engine has loaded it.
class ModelFile {
 public:
  /// Opens `name` beneath `folder`: a link may lead to another file in there, never out of it.
  /// Refuses what is no regular file, is larger than limits::kModelFileBytes, is no ONNX model,
  /// or keeps weights in other files. Errors: NotFound, Io, ModelInvalid.
  static Result<ModelFile> open_beneath(const std::filesystem::path& folder,
                                        const std::filesystem::path& name);

  /// The same with the file's own folder as `folder`.
  static Result<ModelFile> open(const std::filesystem::path& file);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }
  [[nodiscard]] const OnnxSignature& signature() const noexcept { return signature_; }

 private:
  ModelFile() = default;

  std::filesystem::path path_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::string sha256_;
  OnnxSignature signature_;
};

}  // namespace bulkhead::worker
