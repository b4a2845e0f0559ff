#include "worker/fetch/bundle.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "common/bundle_limits.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"
#include "common/redaction.hpp"
#include "common/unique_fd.hpp"
#include "worker/fetch/fetched_file.hpp"
#include "worker/fetch/zip_archive.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPipelineFile = "pipeline.json";

Error wrong_pipeline(const std::string& field, const std::string& message) {
  return {ErrorCode::InvalidParams, "pipeline.json: " + field + ": " + message, field};
}

/// A file of one label a line.
Result<json> read_label_file(ZipArchive& archive, const std::string& name) {
  auto text = archive.text(name, limits::kLabels * (limits::kLabelBytes + 2));
  if (!text) return text.error();
  json labels = json::array();
  std::size_t from = 0;
  while (from < text->size()) {
    const std::size_t end = std::min(text->find('\n', from), text->size());
    std::string line = text->substr(from, end - from);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) labels.push_back(std::move(line));
    from = end + 1;
  }
  return {boost::system::in_place_value, std::move(labels)};
}

/// Puts lists of labels where the stages name files of them. How deep it goes parse_json limits.
Result<> put_labels(ZipArchive& archive, json& stages, const std::string& path) {
  if (!stages.is_array()) return {};  // for whoever reads the pipeline to say
  for (std::size_t i = 0; i < stages.size(); ++i) {
    json& stage = stages[i];
    if (!stage.is_object()) continue;
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (const auto named = stage.find("labels"); named != stage.end() && named->is_string()) {
      auto labels = read_label_file(archive, named->get<std::string>());
      if (!labels) return wrong_pipeline(at + ".labels", labels.error().message);
      *named = std::move(*labels);
    }
    if (const auto below = stage.find("stages"); below != stage.end()) {
      if (auto put = put_labels(archive, *below, at + ".stages"); !put) return put;
    }
  }
  return {};
}

/// Of the bundle alone: what another machine has beside it, this one may not.
Result<> check_models(const ZipArchive& archive, const PipelineSpec& pipeline) {
  for (const std::string& model : models_of(pipeline)) {
    if (archive.has(model) && model.ends_with(".onnx") && model != kPipelineFile) continue;
    return wrong_pipeline("model", "\"" + printable_text(model, limits::kModelNameBytes) +
                                       "\" is no .onnx file of the bundle");
  }
  return {};
}

Result<UniqueFd> create_file(const fs::path& file) {
  std::error_code failure;
  fs::create_directories(file.parent_path(), failure);
  constexpr mode_t kOwn = 0600;
  UniqueFd made{::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwn)};
  if (!made) return errno_error(ErrorCode::Io, "cannot make " + file.string());
  return made;
}

Result<> write_all(int file, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error(ErrorCode::Io, "cannot write what is unpacked");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> unpack_model(ZipArchive& archive, const std::string& model, const fs::path& folder) {
  const auto file = create_file(folder / model);
  if (!file) return file.error();
  auto written = archive.read(
      model, [&](std::span<const char> piece) { return write_all(file->get(), piece); });
  if (!written) return written;
  const auto mapped = FetchedFile::map(file->get(), limits::kModelFileBytes);
  if (!mapped) return mapped.error();
  if (auto checked = check_model(mapped->bytes()); !checked) {
    return Error{checked.error().code, model + ": " + checked.error().message, {}};
  }
  if (::fsync(file->get()) != 0) return errno_error(ErrorCode::Io, "cannot keep " + model);
  return {};
}

Result<> unpack(const ipc::FetchJob& job, ZipArchive& archive) {
  const auto text = archive.text(kPipelineFile, limits::kJsonBytes);
  if (!text) return text.error();
  auto tree = parse_json(*text, JsonComments::Allowed);
  if (!tree) return wrong_pipeline(tree.error().field, tree.error().message);
  if (tree->is_object() && tree->contains("stages")) {
    if (auto put = put_labels(archive, (*tree)["stages"], "stages"); !put) return put;
  }
  const auto pipeline = PipelineSpec::from_json(*tree, "");
  if (!pipeline) return wrong_pipeline(pipeline.error().field, pipeline.error().message);
  if (auto checked = check_models(archive, *pipeline); !checked) return checked;
  const std::vector<std::string> named = models_of(*pipeline);
  for (const std::string& model : std::set<std::string>{named.begin(), named.end()}) {
    if (auto done = unpack_model(archive, model, job.folder); !done) return done;
  }
  const auto file = create_file(fs::path{job.folder} / kPipelineFile);
  if (!file) return file.error();
  if (auto written = write_all(file->get(), tree->dump()); !written) return written;
  if (::fsync(file->get()) != 0) return errno_error(ErrorCode::Io, "cannot keep pipeline.json");
  return {};
}

}  // namespace

BundleLimits bundle_limits() noexcept {
  return {.unpacked_bytes = limits::kBundleUnpackedBytes,
          .entries = limits::kBundleEntries,
          .ratio = limits::kBundleRatio,
          .ratio_bytes = limits::kBundleRatioBytes};
}

bool is_safe_entry_name(std::string_view name) noexcept {
  const auto allowed = [](char c) { return c >= ' ' && c < 0x7f && c != '\\' && c != ':'; };
  if (name.empty() || name.size() > limits::kBundleNameBytes ||
      !std::ranges::all_of(name, allowed)) {
    return false;
  }
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t end = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, end - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = end + 1;
  }
  return true;
}

ipc::FetchAnswer unpack_bundle(const ipc::FetchJob& job, int file, const BundleLimits& limits) {
  ipc::FetchAnswer answer;
  {
    const auto mapped = FetchedFile::map(file, job.max_bytes);
    if (!mapped) return {.error = mapped.error()};
    answer.bytes = mapped->bytes().size();
    answer.sha256 = sha256_hex(mapped->bytes());
  }
  ::lseek(file, 0, SEEK_SET);
  auto archive = ZipArchive::open(file, limits);
  if (!archive) return {.error = archive.error()};
  if (auto done = unpack(job, *archive); !done) return {.error = done.error()};
  return answer;
}

}  // namespace bulkhead::worker
