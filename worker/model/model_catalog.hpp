#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::worker {

/// One model of config/models.json.
struct CatalogEntry {
  std::string name;
  std::string file;  // in the folder of models
  std::string sha256;
  OutputLayout layout = OutputLayout::Auto;
  std::optional<PixelRule> pixels;  // absent: as the layout's family has it
  std::uint32_t input_width = 0;    // pixels; for models that leave it open
  std::uint32_t input_height = 0;
  std::vector<std::string> labels;
  std::string alphabet;  // of a model that reads text: a symbol for each class of a slot
  std::string licence;
};

/// config/models.json: names for files, and what the files do not say of themselves.
class ModelCatalog {
 public:
  /// Errors: those of `read_text_file` and `parse_json`, InvalidParams with the field at fault.
  static Result<ModelCatalog> load(const std::filesystem::path& file);

  [[nodiscard]] const CatalogEntry* by_name(std::string_view name) const;
  [[nodiscard]] const CatalogEntry* by_sha256(std::string_view sha256) const;

  /// "yolo11n, yolov8n", for messages.
  [[nodiscard]] std::string names() const;

  /// A set of class names that entries share, e.g. "coco80"; empty where there is none.
  [[nodiscard]] const std::vector<std::string>& labels(std::string_view set) const;

 private:
  std::vector<CatalogEntry> entries_;
  std::map<std::string, std::vector<std::string>, std::less<>> label_sets_;
};

/// A model that was found, and what the catalogue knows of it.
struct LocatedModel {
  ModelFile file;
  std::optional<CatalogEntry> entry;  // by name or, for an operator's own file, by its sha256
};

/// `model` is a name of the catalogue, an absolute path, a path beneath `model_dir`, or a ModelUrl,
/// whose file the supervisor has put into `model_cache`; a path ends in ".onnx". A fetched file
/// whose sha256 is not the catalogue's, or not the URL's, is refused.
[[nodiscard]] Result<LocatedModel> locate_model(const std::string& model,
                                                const ModelCatalog& catalog,
                                                const std::filesystem::path& model_dir,
                                                const std::filesystem::path& model_cache = {});

}  // namespace bulkhead::worker
