#include "worker/model/optimized_model.hpp"

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSumsName = "sha256sums";
constexpr std::string_view kBuildingPrefix = ".building.";
constexpr std::size_t kShortDigest = 16;
constexpr std::chrono::hours kAbandoned{1};  // no build takes so long

Error io_error(const std::string& what, const std::error_code& code) {
  return {ErrorCode::Io, what + ": " + code.message(), {}};
}

std::string file_sha256(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (!stream || failed || size > limits::kModelFileBytes) return {};
  std::vector<std::byte> bytes(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  return stream ? sha256_hex(bytes) : std::string{};
}

Result<void> write_sums(const fs::path& folder) {
  std::ofstream sums{folder / kSumsName};
  for (const std::string_view name : {OptimizedModels::kModelName, OptimizedModels::kWeightsName}) {
    std::error_code absent;  // an engine may keep small weights in the model itself
    if (!fs::exists(folder / name, absent)) continue;
    sums << file_sha256(folder / name) << "  " << name << '\n';
  }
  sums.close();
  if (!sums) return Error{ErrorCode::Io, "cannot write " + (folder / kSumsName).string(), {}};
  return {};
}

/// Every listed file is there with its digest, and the model is among them.
bool is_sound(const fs::path& folder) {
  std::ifstream sums{folder / kSumsName};
  std::string digest;
  std::string name;
  bool has_model = false;
  while (sums >> digest >> name) {
    if (name != OptimizedModels::kModelName && name != OptimizedModels::kWeightsName) return false;
    if (file_sha256(folder / name) != digest) return false;
    has_model = has_model || name == OptimizedModels::kModelName;
  }
  return has_model;
}

/// A folder of our own beside the entries; what is still in it at the end is removed.
class BuildFolder {
 public:
  static Result<BuildFolder> create(const fs::path& parent) {
    std::string pattern = (parent / kBuildingPrefix).string() + "XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
      return errno_error(ErrorCode::Io, "cannot create a folder in " + parent.string());
    }
    return BuildFolder{pattern};
  }
  BuildFolder(BuildFolder&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  BuildFolder& operator=(BuildFolder&&) = delete;
  ~BuildFolder() {
    std::error_code ignored;  // a rest is removed by a later build
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  explicit BuildFolder(fs::path path) : path_{std::move(path)} {}
  fs::path path_;
};

/// Makes room for one more entry, and removes what killed builders left behind.
void evict(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  std::error_code ignored;  // a cache that cannot be tidied is still a cache
  std::error_code failed;
  for (fs::directory_iterator it{folder, failed}; !failed && it != fs::directory_iterator{};
       it.increment(failed)) {
    const auto used = fs::last_write_time(it->path(), ignored);
    if (it->path().filename().string().starts_with(kBuildingPrefix)) {
      if (fs::file_time_type::clock::now() - used > kAbandoned) {
        fs::remove_all(it->path(), ignored);
      }
    } else if (fs::exists(it->path() / kSumsName, ignored)) {
      // Only what was made here is ours to remove: an operator may name any folder.
      entries.emplace_back(used, it->path());
    }
  }
  std::ranges::sort(entries);
  for (std::size_t i = 0; i + limits::kOptimizedModels <= entries.size(); ++i) {
    fs::remove_all(entries[i].second, ignored);  // whoever has mapped it keeps its pages
  }
}

/// Renames what was built into place. Another process may have been first with the same.
Result<void> publish(const BuildFolder& built, const fs::path& entry, const fs::path& folder) {
  std::error_code failed;
  fs::rename(built.path(), entry, failed);
  if (!failed || is_sound(entry)) return {};
  // A rotten entry: move it aside as a whole, because a rename cannot replace a full folder.
  const auto aside = BuildFolder::create(folder);
  if (!aside) return aside.error();
  fs::rename(entry, aside->path() / "rotten", failed);
  fs::rename(built.path(), entry, failed);
  if (failed && !is_sound(entry)) return io_error("cannot keep " + entry.string(), failed);
  return {};
}

}  // namespace

Result<fs::path> OptimizedModels::find_or_build(const std::string& key, const Build& build) const {
  const fs::path entry = folder_ / key;
  std::error_code ignored;
  if (is_sound(entry)) {
    fs::last_write_time(entry, fs::file_time_type::clock::now(), ignored);  // used, for `evict`
    return entry / kModelName;
  }
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) return io_error("cannot create " + folder_.string(), failed);
  evict(folder_);

  const auto building = BuildFolder::create(folder_);
  if (!building) return building.error();
  if (const auto built = build(building->path()); !built) return built.error();
  if (const auto written = write_sums(building->path()); !written) return written.error();
  if (!is_sound(building->path())) {
    return Error{
        ErrorCode::Io, "what was written to " + folder_.string() + " reads differently", {}};
  }
  if (const auto kept = publish(*building, entry, folder_); !kept) return kept.error();
  return entry / kModelName;
}

std::string cpu_fingerprint() {
  std::ifstream cpus{"/proc/cpuinfo"};
  std::string line;
  while (std::getline(cpus, line)) {
    if (line.starts_with("flags") || line.starts_with("Features")) break;
  }
  return sha256_hex(std::as_bytes(std::span{line})).substr(0, kShortDigest);
}

}  // namespace bulkhead::worker
