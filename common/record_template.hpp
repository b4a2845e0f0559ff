#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.hpp"

namespace bulkhead {

/// Where in a record's message the value of a placeholder is.
struct Placeholder {
  bool is_of_object = false;        // of one object of a detection; else of the message itself
  std::vector<std::string> path{};  // of members, e.g. "bbox", "x"

  bool operator==(const Placeholder&) const = default;
};

/// A text with placeholders for what a record tells, as an operator writes it: "car of {session}
/// at {time}". `{{` and `}}` stand for the braces themselves. Names are a closed list, but for
/// `{attribute.NAME}` and `{attribute.NAME.confidence}`: what a stage of the pipeline says.
///
/// Text alone: what comes of it is a value wherever it is used, never read as a command, a
/// statement or another template. Rendered by worker/sink (record_text.hpp).
class RecordTemplate {
 public:
  using Part = std::variant<std::string, Placeholder>;

  /// InvalidParams, whose message says what is wrong and what to do; the caller puts the field
  /// before it. The length of `text` is the caller's to limit.
  static Result<RecordTemplate> parse(std::string text);

  /// As it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<Part>& parts() const noexcept { return parts_; }
  /// Where the whole text is one placeholder, so that its value may keep its type; else nullptr.
  [[nodiscard]] const Placeholder* lone_placeholder() const noexcept {
    return parts_.size() == 1 ? std::get_if<Placeholder>(&parts_.front()) : nullptr;
  }

  bool operator==(const RecordTemplate& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::vector<Part> parts_;
};

/// Several of them by name: members of an object, columns of a row.
using TemplateFields = std::map<std::string, RecordTemplate>;

}  // namespace bulkhead
