#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

/// One bundle as it lies on disk.
struct InstalledBundle {
  std::string name;  // its pipeline's
  std::string sha256;
  std::int64_t installed_s = 0;  // since 1970
  PipelineSpec pipeline;         // whose models are absolute paths

  bool operator==(const InstalledBundle&) const = default;
};

// The folder: <name>/<sha256>/ is one version, which never changes; <name>/current says which is
// installed. What begins with a dot is on its way. All of these block on the disk.

/// Makes the folder where it is not there, and removes what was on its way. A bundle that cannot be
/// read is left out and told in `problems`.
[[nodiscard]] Result<std::vector<InstalledBundle>> open_bundle_folder(
    const std::filesystem::path& folder, gid_t group, std::vector<std::string>& problems);

/// A regular file of this machine. NotFound, Io, InvalidParams.
[[nodiscard]] Result<UniqueFd> open_bundle_file(const std::filesystem::path& file);

/// An empty folder for that user to unpack into; uid 0: our own.
[[nodiscard]] Result<std::filesystem::path> make_staging(const std::filesystem::path& folder,
                                                         uid_t uid, gid_t gid);

/// Takes what was unpacked back from its user, who may read it from then on, and reads its
/// pipeline. ModelInvalid: there is more in it than files of its own.
[[nodiscard]] Result<PipelineSpec> seal_staging(const std::filesystem::path& staging, gid_t group);

/// What was sealed becomes the installed version; other versions are removed unless a path in
/// `used` leads into them.
[[nodiscard]] Result<InstalledBundle> install_staging(const std::filesystem::path& folder,
                                                      const std::filesystem::path& staging,
                                                      const std::string& name,
                                                      const std::string& sha256,
                                                      const std::set<std::string>& used,
                                                      gid_t group);

[[nodiscard]] Result<> remove_bundle(const std::filesystem::path& folder, const std::string& name);

void remove_staging(const std::filesystem::path& staging) noexcept;

}  // namespace bulkhead::supervisor
