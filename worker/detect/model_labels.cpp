#include "worker/detect/model_labels.hpp"

#include <charconv>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

/// Reads a Python dictionary of whole numbers to strings, one token at a time.
class NamesReader {
 public:
  explicit NamesReader(std::string_view text) : rest_{text} {}

  std::vector<std::string> read() {
    std::vector<std::string> names;
    if (!take('{')) return {};
    while (!take('}')) {
      const auto index = number();
      // Keys come in order from 0; a gap would shift every name behind it.
      if (!index || *index != names.size() || !take(':')) return {};
      auto name = quoted();
      if (!name || names.size() == limits::kLabels) return {};
      names.push_back(printable_text(*name, limits::kLabelBytes));
      if (!take(',') && !next_is('}')) return {};
    }
    return names;
  }

 private:
  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool next_is(char wanted) {
    skip_spaces();
    return !rest_.empty() && rest_.front() == wanted;
  }
  bool take(char wanted) {
    if (!next_is(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::size_t> number() {
    skip_spaces();
    std::size_t value = 0;
    const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (read.ec != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
    return value;
  }
  /// Python quotes with ' unless the text holds one; a backslash escapes.
  std::optional<std::string> quoted() {
    if (!next_is('\'') && !next_is('"')) return std::nullopt;
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != quote) {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    return text;
  }

  std::string_view rest_;
};

std::vector<std::string> numbered(std::uint32_t classes) {
  std::vector<std::string> labels;
  for (std::uint32_t i = 0; i < classes; ++i) labels.push_back("class_" + std::to_string(i));
  return labels;
}

Error wrong_count(std::uint32_t classes, std::size_t names, const std::string& whose) {
  return {ErrorCode::ModelInvalid,
          "the model has " + std::to_string(classes) + " classes, but " + whose + " has " +
              std::to_string(names) + " names; give \"labels\" with " + std::to_string(classes) +
              " names in the pipeline, or another model",
          "labels"};
}

}  // namespace

std::vector<std::string> parse_ultralytics_names(std::string_view text) {
  return NamesReader{text}.read();
}

Result<std::vector<std::string>> choose_labels(std::uint32_t classes,
                                               const std::vector<std::string>& asked,
                                               const OnnxSignature& model,
                                               const std::optional<CatalogEntry>& entry,
                                               const std::vector<std::string>& coco80) {
  std::vector<std::string> labels = asked;
  std::string whose = "the pipeline's list";
  const auto names = model.metadata.find("names");
  if (labels.empty() && names != model.metadata.end()) {
    labels = parse_ultralytics_names(names->second);
    whose = "the model's metadata";
  }
  if (labels.empty() && entry) {
    labels = entry->labels;
    whose = "the catalogue's entry";
  }
  if (labels.empty() && classes == 0) {
    return Error{ErrorCode::ModelInvalid,
                 "the model does not say how many classes it has; give \"labels\" in the pipeline",
                 "labels"};
  }
  if (labels.empty()) labels = classes == coco80.size() ? coco80 : numbered(classes);
  if (classes != 0 && labels.size() != classes) return wrong_count(classes, labels.size(), whose);
  return labels;
}

}  // namespace bulkhead::worker
