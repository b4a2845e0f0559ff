#include "supervisor/bundle/bundle_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <variant>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "common/text_file.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr gid_t kNobodyElse = static_cast<gid_t>(-1);
constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;
constexpr std::size_t kCurrentBytes = 128;
constexpr const char* kCurrent = "current";
constexpr const char* kPipelineFile = "pipeline.json";

Error disk_error(const std::string& step, const fs::path& place) {
  return errno_error(ErrorCode::Io, step + " " + place.string());
}

Result<> share(const fs::path& place, mode_t mode, gid_t group) {
  // Ours again, whoever made it; then nobody but us can change it.
  if (group != kNobodyElse && ::lchown(place.c_str(), ::geteuid(), group) != 0) {
    return disk_error("cannot take over", place);
  }
  if (::chmod(place.c_str(), mode) != 0) return disk_error("cannot share", place);
  return {};
}

Result<> make_folder(const fs::path& folder, gid_t group) {
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return disk_error("cannot make", folder);
  }
  return share(folder, kFolderMode, group);
}

void put_below(std::string& model, const fs::path& version) {
  if (!fs::path{model}.is_absolute()) model = version / model;
}

Result<PipelineSpec> read_pipeline(const fs::path& version) {
  const auto text = read_text_file(version / kPipelineFile, limits::kJsonBytes);
  if (!text) return text.error();
  const auto json = parse_json(*text, JsonComments::Refused);
  if (!json) return json.error();
  auto pipeline = PipelineSpec::from_json(*json, "");
  if (!pipeline) return pipeline;
  put_below(pipeline->detect.model, version);
  for (CropStage& stage : pipeline->crops) {
    if (auto* detect = std::get_if<DetectStage>(&stage.work)) put_below(detect->model, version);
    if (auto* classify = std::get_if<ClassifyStage>(&stage.work)) {
      put_below(classify->on.model, version);
    }
    if (auto* read = std::get_if<ReadStage>(&stage.work)) put_below(read->on.model, version);
  }
  return pipeline;
}

Result<InstalledBundle> read_installed(const fs::path& folder, const std::string& name) {
  auto sha256 = read_text_file(folder / name / kCurrent, kCurrentBytes);
  if (!sha256) return sha256.error();
  while (sha256->ends_with('\n')) sha256->pop_back();
  if (!is_sha256(*sha256)) {
    return Error{ErrorCode::Corrupt, (folder / name / kCurrent).string() + " names no version", {}};
  }
  auto pipeline = read_pipeline(folder / name / *sha256);
  if (!pipeline) return pipeline.error();
  struct stat status {};
  ::stat((folder / name / kCurrent).c_str(), &status);
  return InstalledBundle{.name = name,
                         .sha256 = *std::move(sha256),
                         .installed_s = status.st_mtime,
                         .pipeline = *std::move(pipeline)};
}

/// In one step, so that a crash leaves the old or the new.
Result<> write_current(const fs::path& bundle, const std::string& sha256, gid_t group) {
  const fs::path fresh = bundle / ".current";
  const std::string line = sha256 + "\n";
  const UniqueFd file{
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode)};
  if (!file || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fsync(file.get()) != 0) {
    return disk_error("cannot write", fresh);
  }
  if (auto shared = share(fresh, kFileMode, group); !shared) return shared;
  if (::rename(fresh.c_str(), (bundle / kCurrent).c_str()) == 0) return {};
  return disk_error("cannot install", bundle);
}

void remove_other_versions(const fs::path& bundle, const std::string& sha256,
                           const std::set<std::string>& used) {
  std::error_code ignored;
  std::vector<fs::path> others;
  for (fs::directory_iterator entry{bundle, ignored}, end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string version = entry->path().filename();
    if (is_sha256(version) && version != sha256) others.push_back(entry->path());
  }
  for (const fs::path& other : others) {
    const std::string inside = other.string() + "/";
    const bool is_used = std::ranges::any_of(
        used, [&](const std::string& path) { return path.starts_with(inside); });
    if (!is_used) fs::remove_all(other, ignored);
  }
}

}  // namespace

Result<std::vector<InstalledBundle>> open_bundle_folder(const fs::path& folder, gid_t group,
                                                        std::vector<std::string>& problems) {
  if (auto made = make_folder(folder, group); !made) return made.error();
  std::vector<InstalledBundle> bundles;
  std::vector<fs::path> unfinished;
  std::error_code failure;
  for (fs::directory_iterator entry{folder, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename();
    if (name.starts_with('.')) {
      if (entry->path().extension() != ".part") unfinished.push_back(entry->path());
      continue;
    }
    if (!is_pipeline_name(name)) continue;
    auto bundle = read_installed(folder, name);
    if (bundle)
      bundles.push_back(*std::move(bundle));
    else
      problems.push_back("bundle " + name + " is left out: " + bundle.error().message);
  }
  if (failure) return Error{ErrorCode::Io, folder.string() + ": " + failure.message(), {}};
  for (const fs::path& left : unfinished) remove_staging(left);
  return bundles;
}

Result<UniqueFd> open_bundle_file(const fs::path& file) {
  UniqueFd opened{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!opened) {
    return errno_error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                       "cannot open " + file.string());
  }
  struct stat status {};
  if (::fstat(opened.get(), &status) == 0 && S_ISREG(status.st_mode)) return opened;
  return Error{ErrorCode::InvalidParams, file.string() + " is no regular file", {}};
}

Result<fs::path> make_staging(const fs::path& folder, uid_t uid, gid_t gid) {
  std::string pattern = folder / ".new-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return disk_error("cannot make a folder in", folder);
  if (uid != 0 && ::chown(pattern.c_str(), uid, gid) != 0) {
    return disk_error("cannot hand over", pattern);
  }
  return fs::path{pattern};
}

Result<PipelineSpec> seal_staging(const fs::path& staging, gid_t group) {
  // First the folder: from then on nobody else can exchange what is in it.
  if (auto shared = share(staging, kFolderMode, group); !shared) return shared.error();
  std::error_code failure;
  for (fs::recursive_directory_iterator entry{staging, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    struct stat status {};
    const fs::path& place = entry->path();
    if (::lstat(place.c_str(), &status) != 0) return disk_error("cannot read", place);
    const bool is_folder = S_ISDIR(status.st_mode);
    if (!is_folder && !(S_ISREG(status.st_mode) && status.st_nlink == 1)) {
      return Error{ErrorCode::ModelInvalid, "what was unpacked holds more than files", {}};
    }
    if (auto shared = share(place, is_folder ? kFolderMode : kFileMode, group); !shared) {
      return shared.error();
    }
  }
  if (failure) return Error{ErrorCode::Io, staging.string() + ": " + failure.message(), {}};
  return read_pipeline(staging);
}

Result<InstalledBundle> install_staging(const fs::path& folder, const fs::path& staging,
                                        const std::string& name, const std::string& sha256,
                                        const std::set<std::string>& used, gid_t group) {
  const fs::path bundle = folder / name;
  if (auto made = make_folder(bundle, group); !made) return made.error();
  if (::rename(staging.c_str(), (bundle / sha256).c_str()) != 0) {
    // The same again: what is there is the same.
    if (errno != ENOTEMPTY && errno != EEXIST) return disk_error("cannot keep", bundle);
    remove_staging(staging);
  }
  if (auto written = write_current(bundle, sha256, group); !written) return written.error();
  remove_other_versions(bundle, sha256, used);
  return read_installed(folder, name);
}

Result<> remove_bundle(const fs::path& folder, const std::string& name) {
  // Out of the way at once; a crash half-way leaves what the next start removes.
  const fs::path gone = folder / (".gone-" + name);
  remove_staging(gone);
  if (::rename((folder / name).c_str(), gone.c_str()) != 0) {
    return disk_error("cannot remove", folder / name);
  }
  remove_staging(gone);
  return {};
}

void remove_staging(const fs::path& staging) noexcept {
  std::error_code ignored;
  fs::remove_all(staging, ignored);
}

}  // namespace bulkhead::supervisor
