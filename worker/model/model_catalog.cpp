#include "worker/model/model_catalog.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "common/redaction.hpp"
#include "common/text_file.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNoLabels;

using LabelSets = std::map<std::string, std::vector<std::string>, std::less<>>;

/// `{"classes": 1000, "names": {"407": "ambulance"}}`: some names of many classes.
Result<std::vector<std::string>> read_sparse_set(const nlohmann::json& json,
                                                 const std::string& path) {
  JsonFields fields{json, path};
  std::vector<std::string> labels(
      static_cast<std::size_t>(fields.integer("classes", 1, 1, limits::kLabels)));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = "class_" + std::to_string(i);
  const nlohmann::json* names = fields.member("names");
  if (names == nullptr || !names->is_object()) {
    fields.fail("names", "must be an object of class numbers and names");
    return fields.finish().error();
  }
  JsonFields each{*names, fields.path_of("names")};
  for (const auto& [number, unused] : names->items()) {
    std::size_t index = labels.size();
    std::from_chars(number.data(), number.data() + number.size(), index);
    const std::string name = each.required_string(number, limits::kLabelBytes);
    if (index >= labels.size()) {
      each.fail(number, "is no number of a class below " + std::to_string(labels.size()));
    } else {
      labels[index] = name;
    }
  }
  if (const auto done = each.finish(); !done) fields.fail(done.error());
  if (const auto done = fields.finish(); !done) return done.error();
  return labels;
}

Result<LabelSets> read_label_sets(const nlohmann::json* json, const std::string& path) {
  LabelSets sets;
  if (json == nullptr) return sets;
  JsonFields fields{*json, path};
  if (json->is_object()) {
    for (const auto& [name, set] : json->items()) {
      if (set.is_object()) {
        auto sparse = read_sparse_set(*fields.member(name), fields.path_of(name));
        if (!sparse) return sparse.error();
        sets[name] = *std::move(sparse);
        continue;
      }
      sets[name] = fields.strings(name, limits::kLabels, limits::kLabelBytes);
    }
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return sets;
}

/// Either the name of a set or a list.
std::vector<std::string> read_labels(JsonFields& fields, const LabelSets& sets) {
  const nlohmann::json* labels = fields.member("labels");
  if (labels == nullptr || !labels->is_string()) {
    return fields.strings("labels", limits::kLabels, limits::kLabelBytes);
  }
  const auto set = sets.find(labels->get_ref<const std::string&>());
  if (set != sets.end()) return set->second;
  fields.fail("labels", "names no set of the catalogue's own \"labels\"");
  return {};
}

Result<CatalogEntry> read_entry(const nlohmann::json& json, const std::string& path,
                                const LabelSets& sets) {
  JsonFields fields{json, path};
  CatalogEntry entry;
  entry.name = fields.required_string("name", limits::kNameChars);
  entry.file = fields.required_string("file", limits::kPathBytes);
  entry.sha256 = fields.required_string("sha256", 64);
  entry.layout = static_cast<OutputLayout>(fields.one_of("family", kLayoutNames, 0));
  if (fields.member("pixels") != nullptr) {
    entry.pixels = static_cast<PixelRule>(fields.one_of("pixels", kPixelRuleNames, 0));
  }
  if (const nlohmann::json* input = fields.member("input")) {
    JsonFields size{*input, fields.path_of("input")};
    entry.input_width =
        static_cast<std::uint32_t>(size.integer("width", 0, 32, limits::kModelInputSide));
    entry.input_height =
        static_cast<std::uint32_t>(size.integer("height", 0, 32, limits::kModelInputSide));
    if (const auto done = size.finish(); !done) fields.fail(done.error());
  }
  entry.labels = read_labels(fields, sets);
  entry.alphabet = fields.string("alphabet", {}, limits::kAlphabet);
  entry.licence = fields.required_string("licence", limits::kNameChars);
  // For deploy/fetch_model and for people only.
  static_cast<void>(fields.member("notice"));
  static_cast<void>(fields.member("source"));
  if (const auto done = fields.finish(); !done) return done.error();
  return entry;
}

/// A path is followed from the folder of models where it lies beneath it, so that none of its links
/// leads out; an operator's own from its own folder.
Result<ModelFile> open_model(const fs::path& path, const fs::path& model_dir) {
  if (path.is_relative()) return ModelFile::open_beneath(model_dir, path);
  const fs::path beneath = path.lexically_normal().lexically_relative(model_dir.lexically_normal());
  if (beneath.empty() || *beneath.begin() == "..") return ModelFile::open(path);
  return ModelFile::open_beneath(model_dir, beneath);
}

/// Whoever put it there is not trusted to have looked.
Result<LocatedModel> locate_fetched(const ModelUrl& url, const ModelCatalog& catalog,
                                    const fs::path& model_cache) {
  auto file = ModelFile::open_beneath(model_cache, url.sha256 + ".onnx");
  if (file && file->sha256() != url.sha256) {
    return Error{ErrorCode::ModelInvalid,
                 file->path().string() + " has sha256 " + file->sha256() + "; delete it", "model"};
  }
  if (!file) {
    Error error = file.error();
    error.field = "model";
    return error;
  }
  LocatedModel located{std::move(*file), std::nullopt};
  if (const CatalogEntry* entry = catalog.by_sha256(url.sha256)) located.entry = *entry;
  return located;
}

bool is_path(const std::string& model) {
  return model.find('/') != std::string::npos || model.ends_with(".onnx");
}

}  // namespace

Result<ModelCatalog> ModelCatalog::load(const fs::path& file) {
  const auto text = read_text_file(file, limits::kJsonBytes);
  if (!text) return text.error();
  const auto json = parse_json(*text, JsonComments::Allowed);
  if (!json) {
    return Error{json.error().code, file.string() + ": " + json.error().message,
                 json.error().field};
  }
  JsonFields fields{*json, file.filename().string()};
  auto sets = read_label_sets(fields.member("labels"), fields.path_of("labels"));
  if (!sets) return sets.error();

  ModelCatalog catalog;
  const nlohmann::json* models = fields.member("models");
  if (models == nullptr || !models->is_array()) {
    fields.fail("models", "must be a list of models");
  } else {
    for (std::size_t i = 0; i < models->size(); ++i) {
      auto entry =
          read_entry((*models)[i], fields.path_of("models[" + std::to_string(i) + "]"), *sets);
      if (!entry) return entry.error();
      catalog.entries_.push_back(std::move(*entry));
    }
  }
  if (const auto done = fields.finish(); !done) return done.error();
  catalog.label_sets_ = std::move(*sets);
  return catalog;
}

const CatalogEntry* ModelCatalog::by_name(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &CatalogEntry::name);
  return found == entries_.end() ? nullptr : &*found;
}

const CatalogEntry* ModelCatalog::by_sha256(std::string_view sha256) const {
  const auto found = std::ranges::find(entries_, sha256, &CatalogEntry::sha256);
  return found == entries_.end() ? nullptr : &*found;
}

std::string ModelCatalog::names() const {
  std::string text;
  for (const CatalogEntry& entry : entries_) text += (text.empty() ? "" : ", ") + entry.name;
  return text;
}

const std::vector<std::string>& ModelCatalog::labels(std::string_view set) const {
  const auto found = label_sets_.find(set);
  return found == label_sets_.end() ? kNoLabels : found->second;
}

Result<LocatedModel> locate_model(const std::string& model, const ModelCatalog& catalog,
                                  const fs::path& model_dir, const fs::path& model_cache) {
  if (is_model_url(model)) {
    const auto url = ModelUrl::parse(model);
    if (!url) return Error{ErrorCode::InvalidParams, url.error().message, "model"};
    return locate_fetched(*url, catalog, model_cache);
  }
  const CatalogEntry* entry = catalog.by_name(model);
  if (entry == nullptr && !is_path(model)) {
    return Error{ErrorCode::NotFound,
                 "no model is named \"" + printable_text(model, limits::kNameChars) +
                     "\"; use one of " + catalog.names() + ", or the path of an .onnx file",
                 "model"};
  }
  const fs::path path{entry != nullptr ? entry->file : model};
  auto file = open_model(path, model_dir);
  if (!file) {
    Error error = file.error();
    if (entry != nullptr && error.code == ErrorCode::NotFound) {
      error.message += "; fetch it with deploy/fetch_model " + entry->name +
                       " or, where that has no source for it, put your own file there";
    }
    error.field = "model";
    return error;
  }
  if (entry != nullptr && file->sha256() != entry->sha256) {
    return Error{ErrorCode::ModelInvalid,
                 file->path().string() + " has sha256 " + file->sha256() + ", the catalogue says " +
                     entry->sha256 + "; delete it and fetch it again, or name it by its path",
                 "model"};
  }
  if (entry == nullptr) entry = catalog.by_sha256(file->sha256());
  LocatedModel located{std::move(*file), std::nullopt};
  if (entry != nullptr) located.entry = *entry;
  return located;
}

}  // namespace bulkhead::worker
