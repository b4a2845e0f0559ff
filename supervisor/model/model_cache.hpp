#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// One model on disk.
struct CachedModel {
  std::string sha256;
  std::uint64_t bytes = 0;
  std::int64_t used_s = 0;  // since 1970: when a session last asked for it

  bool operator==(const CachedModel&) const = default;
};

/// How much may be kept.
struct CacheLimits {
  std::size_t models;
  std::uint64_t bytes;
};

/// Which to remove so that the rest is within `limits`: those longest unused, none of `kept`.
[[nodiscard]] std::vector<std::string> surplus_models(std::vector<CachedModel> models,
                                                      const std::set<std::string>& kept,
                                                      const CacheLimits& limits);

// The folder: <sha256>.onnx are whole and never change, <sha256>.part are to be resumed. Those who
// share `group` may read it. All of these block on the disk.

/// Makes the folder where it is not there. The models in it; the parts beyond the
/// limits::kPartialModels youngest are removed.
[[nodiscard]] Result<std::vector<CachedModel>> open_model_folder(
    const std::filesystem::path& folder, gid_t group);

/// To be written by whoever gets the descriptor. `group` -1: as it comes.
[[nodiscard]] Result<UniqueFd> open_part(const std::filesystem::path& part, gid_t group);

/// The part becomes the model.
[[nodiscard]] Result<> keep_model(const std::filesystem::path& folder, const std::string& sha256);

/// Notes on disk that it is used now.
void touch_model(const std::filesystem::path& folder, const std::string& sha256) noexcept;

void remove_models(const std::filesystem::path& folder,
                   const std::vector<std::string>& sha256s) noexcept;

[[nodiscard]] std::filesystem::path model_file(const std::filesystem::path& folder,
                                               const std::string& sha256);
[[nodiscard]] std::filesystem::path part_file(const std::filesystem::path& folder,
                                              const std::string& sha256);

}  // namespace bulkhead::supervisor
