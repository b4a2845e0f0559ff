#include "supervisor/model/model_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "common/model_limits.hpp"
#include "common/model_url.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr const char* kModelSuffix = ".onnx";
constexpr const char* kPartSuffix = ".part";

void remove_old_parts(std::vector<std::pair<std::int64_t, fs::path>> parts) {
  std::ranges::sort(parts, std::ranges::greater{});
  std::error_code ignored;
  for (std::size_t i = limits::kPartialModels; i < parts.size(); ++i) {
    fs::remove(parts[i].second, ignored);
  }
}

}  // namespace

std::vector<std::string> surplus_models(std::vector<CachedModel> models,
                                        const std::set<std::string>& kept,
                                        const CacheLimits& limits) {
  std::size_t count = models.size();
  std::uint64_t bytes = 0;
  for (const CachedModel& model : models) bytes += model.bytes;
  std::erase_if(models, [&](const CachedModel& model) { return kept.contains(model.sha256); });
  std::ranges::sort(models, {}, &CachedModel::used_s);
  std::vector<std::string> surplus;
  for (const CachedModel& model : models) {
    if (count <= limits.models && bytes <= limits.bytes) break;
    --count;
    bytes -= model.bytes;
    surplus.push_back(model.sha256);
  }
  return surplus;
}

Result<std::vector<CachedModel>> open_model_folder(const fs::path& folder, gid_t group) {
  constexpr mode_t kShared = 0750;
  if (::mkdir(folder.c_str(), kShared) != 0 && errno != EEXIST) {
    return errno_error(ErrorCode::Io, "cannot make " + folder.string());
  }
  if (group != static_cast<gid_t>(-1) &&
      ::chown(folder.c_str(), static_cast<uid_t>(-1), group) != 0) {
    return errno_error(ErrorCode::Io, "cannot share " + folder.string());
  }
  std::vector<CachedModel> models;
  std::vector<std::pair<std::int64_t, fs::path>> parts;
  std::error_code failure;
  for (fs::directory_iterator entry{folder, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    const fs::path& file = entry->path();
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (!is_sha256(file.stem().string())) continue;
    if (file.extension() == kPartSuffix) {
      parts.emplace_back(status.st_mtime, file);
    } else if (file.extension() == kModelSuffix) {
      models.push_back({.sha256 = file.stem().string(),
                        .bytes = static_cast<std::uint64_t>(status.st_size),
                        .used_s = status.st_mtime});
    }
  }
  if (failure) return Error{ErrorCode::Io, folder.string() + ": " + failure.message(), {}};
  remove_old_parts(std::move(parts));
  return models;
}

Result<UniqueFd> open_part(const fs::path& part, gid_t group) {
  constexpr mode_t kShared = 0640;
  UniqueFd file{::open(part.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kShared)};
  if (!file) return errno_error(ErrorCode::Io, "cannot write " + part.string());
  if (group != static_cast<gid_t>(-1) && ::fchown(file.get(), static_cast<uid_t>(-1), group) != 0) {
    return errno_error(ErrorCode::Io, "cannot share " + part.string());
  }
  return file;
}

Result<> keep_model(const fs::path& folder, const std::string& sha256) {
  const fs::path part = part_file(folder, sha256);
  if (::rename(part.c_str(), model_file(folder, sha256).c_str()) == 0) return {};
  return errno_error(ErrorCode::Io, "cannot keep " + part.string());
}

void touch_model(const fs::path& folder, const std::string& sha256) noexcept {
  ::utimensat(AT_FDCWD, model_file(folder, sha256).c_str(), nullptr, 0);
}

void remove_models(const fs::path& folder, const std::vector<std::string>& sha256s) noexcept {
  for (const std::string& sha256 : sha256s) ::unlink(model_file(folder, sha256).c_str());
}

fs::path model_file(const fs::path& folder, const std::string& sha256) {
  return folder / (sha256 + kModelSuffix);
}

fs::path part_file(const fs::path& folder, const std::string& sha256) {
  return folder / (sha256 + kPartSuffix);
}

}  // namespace bulkhead::supervisor
