#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

Error bad_json(std::string message) { return {ErrorCode::InvalidParams, std::move(message), {}}; }

/// `consumed` counts the bytes read when the text stopped making sense, the offending one included.
std::string place_of(std::string_view text, std::size_t consumed) {
  const std::size_t offending = std::min(consumed, text.size() + 1);
  const std::string_view before = text.substr(0, offending == 0 ? 0 : offending - 1);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return "line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - line_start + 1);
}

/// Builds the tree while it is read, so that depth and duplicate keys are refused before the rest
/// of a hostile text costs anything. The library's own builder keeps the last of two equal keys.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(std::int64_t value) override { return add(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) override { return add(value) != nullptr; }
  bool number_float(double value, const std::string&) override { return add(value) != nullptr; }
  bool string(std::string& value) override { return add(std::move(value)) != nullptr; }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // not in text
  bool start_object(std::size_t) override { return open(nlohmann::json::object()); }
  bool start_array(std::size_t) override { return open(nlohmann::json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (open_.back()->contains(name)) {
      failure_ =
          "the key \"" + printable_text(name, kEchoedKeyBytes) + "\" appears twice; keep one";
      return false;
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    position_ = position;
    return false;
  }

  [[nodiscard]] nlohmann::json take() { return std::move(root_); }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }

 private:
  nlohmann::json* add(nlohmann::json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    nlohmann::json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool open(nlohmann::json container) {
    if (open_.size() >= static_cast<std::size_t>(limits::kJsonDepth)) {
      failure_ = "nested deeper than " + std::to_string(limits::kJsonDepth) + " levels; flatten it";
      return false;
    }
    // Stays valid while it is open: only the innermost container grows.
    open_.push_back(add(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;
  std::string key_;
  std::string failure_;
  std::size_t position_ = 0;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, JsonComments comments) {
  if (text.size() > limits::kJsonBytes) {
    return bad_json("the JSON text has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(limits::kJsonBytes) + " are accepted");
  }
  if (!is_utf8(text)) return bad_json("the JSON text is not UTF-8; encode it as UTF-8");
  // The library takes a NUL for the end and would not look at what follows.
  if (text.find('\0') != text.npos) return bad_json("the JSON text holds a NUL byte; remove it");
  try {
    TreeBuilder builder;
    const bool whole =
        nlohmann::json::sax_parse(text, &builder, nlohmann::json::input_format_t::json, true,
                                  comments == JsonComments::Allowed);
    // In place: a json converts to anything, so the compiler could not choose.
    if (whole) return {boost::system::in_place_value, builder.take()};
    if (!builder.failure().empty())
      return bad_json("the JSON text is refused: " + builder.failure());
    return bad_json("the JSON text is malformed at " + place_of(text, builder.position()) +
                    "; check quotes, commas, brackets and number ranges");
  } catch (const std::exception& failure) {  // memory: the library reports the rest by the builder
    return Error{ErrorCode::Internal, std::string{"reading JSON: "} + failure.what(), {}};
  }
}

}  // namespace bulkhead
