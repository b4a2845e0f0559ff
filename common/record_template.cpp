#include "common/record_template.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "common/json_fields.hpp"
#include "common/redaction.hpp"

namespace bulkhead {

namespace {

enum class Of { Message, Object };

struct KnownPlaceholder {
  std::string_view name;
  Of of;
  std::string_view member;
  std::string_view inner;  // of that member; empty: the member itself
};

// Members are those of ipc/result_text, and two that worker/sink adds to them: `kind` of a
// detection, and `timestampMs`.
constexpr std::array kPlaceholders{
    KnownPlaceholder{"session", Of::Message, "session", ""},
    KnownPlaceholder{"generation", Of::Message, "generation", ""},
    KnownPlaceholder{"sequence", Of::Message, "sequence", ""},
    KnownPlaceholder{"kind", Of::Message, "kind", ""},
    KnownPlaceholder{"time", Of::Message, "tsCapture", ""},
    KnownPlaceholder{"timestamp_ms", Of::Message, "timestampMs", ""},
    KnownPlaceholder{"frame_id", Of::Message, "frameId", ""},
    KnownPlaceholder{"model", Of::Message, "model", "name"},
    KnownPlaceholder{"zone", Of::Message, "zone", ""},
    KnownPlaceholder{"direction", Of::Message, "direction", ""},
    KnownPlaceholder{"reason", Of::Message, "reason", ""},
    KnownPlaceholder{"dwell_ms", Of::Message, "dwellMs", ""},
    KnownPlaceholder{"alive_ms", Of::Message, "aliveMs", ""},
    KnownPlaceholder{"count", Of::Message, "count", ""},
    KnownPlaceholder{"snapshot", Of::Message, "snapshot", ""},
    KnownPlaceholder{"label", Of::Object, "label", ""},
    KnownPlaceholder{"confidence", Of::Object, "confidence", ""},
    KnownPlaceholder{"track", Of::Object, "trackId", ""},
    KnownPlaceholder{"x", Of::Object, "bbox", "x"},
    KnownPlaceholder{"y", Of::Object, "bbox", "y"},
    KnownPlaceholder{"w", Of::Object, "bbox", "w"},
    KnownPlaceholder{"h", Of::Object, "bbox", "h"},
};

constexpr std::string_view kAttribute = "attribute.";
constexpr std::string_view kConfidence = ".confidence";

Error refused(std::string message) { return {ErrorCode::InvalidParams, std::move(message), {}}; }

Error unknown(std::string_view name) {
  std::vector<std::string_view> names{"attribute.NAME"};
  std::ranges::transform(kPlaceholders, std::back_inserter(names), &KnownPlaceholder::name);
  return refused("holds {" + printable_text(name, kEchoedKeyBytes) +
                 "}, which is no placeholder; " + suggestion(name, names) +
                 "; write {{ for the brace itself");
}

Result<Placeholder> placeholder_of(std::string_view name) {
  const auto* const known = std::ranges::find(kPlaceholders, name, &KnownPlaceholder::name);
  if (known != kPlaceholders.end()) {
    Placeholder placeholder{known->of == Of::Object, {std::string{known->member}}};
    if (!known->inner.empty()) placeholder.path.emplace_back(known->inner);
    return placeholder;
  }
  if (!name.starts_with(kAttribute)) return unknown(name);
  std::string_view attribute = name.substr(kAttribute.size());
  const bool is_confidence = attribute.ends_with(kConfidence);
  if (is_confidence) attribute.remove_suffix(kConfidence.size());
  if (attribute.empty()) return unknown(name);
  return Placeholder{
      true, {"attributes", std::string{attribute}, is_confidence ? "confidence" : "label"}};
}

}  // namespace

Result<RecordTemplate> RecordTemplate::parse(std::string text) {
  RecordTemplate parsed;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parsed.parts_.emplace_back(std::exchange(literal, {}));
  };
  const std::string_view all{text};
  for (std::size_t at = 0; at < all.size(); ++at) {
    const std::string_view rest = all.substr(at);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      literal += rest.front();
      ++at;
    } else if (rest.front() == '}') {
      return refused("has a } that closes nothing; write }} for the brace itself");
    } else if (rest.front() == '{') {
      const std::size_t end = rest.find('}');
      if (end == rest.npos) {
        return refused("has a { that is not closed; write {{ for the brace itself");
      }
      auto placeholder = placeholder_of(rest.substr(1, end - 1));
      if (!placeholder) return placeholder.error();
      end_literal();
      parsed.parts_.emplace_back(*std::move(placeholder));
      at += end;
    } else {
      literal += rest.front();
    }
  }
  end_literal();
  parsed.text_ = std::move(text);
  return parsed;
}

}  // namespace bulkhead
