#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/action_spec.hpp"
#include "common/record_template.hpp"
#include "common/result.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// What an action is about: one object of a detection, or an event. References into a
/// RecordMessage.
struct RecordSubject {
  const nlohmann::json& message;
  const nlohmann::json& object;  // of an event the message itself, which has an object's members
};

/// False where `filter` is for nothing of this kind, so that the record need not be read: most are
/// detections, and who waits for an event reads none of them.
[[nodiscard]] bool may_concern(const RecordFilter& filter, RecordKind kind);

/// The message of a record, read again. What lies in a spool is not believed: a member of another
/// type than is meant counts as not there.
class RecordMessage {
 public:
  /// InvalidParams where the record holds no object of JSON.
  static Result<RecordMessage> read(const SinkRecord& record);

  /// Those that `filter` is for, in the order of the message; none of a gap. They live as long as
  /// this object does and is not moved.
  [[nodiscard]] std::vector<RecordSubject> subjects(const RecordFilter& filter) const;

 private:
  // In parentheses: in braces it would become an array of one.
  explicit RecordMessage(nlohmann::json message) : message_(std::move(message)) {}

  nlohmann::json message_;
};

/// A string, a number or a boolean; nullptr where there is none.
[[nodiscard]] const nlohmann::json* value_of(const Placeholder& placeholder,
                                             const RecordSubject& subject);

/// The text with its values. None where a placeholder of it has no value: half a text is worse than
/// none, for a key made of it would be another's. InvalidParams past limits::kRenderedBytes.
[[nodiscard]] Result<std::optional<std::string>> render(const RecordTemplate& text,
                                                        const RecordSubject& subject);

/// A JSON object with a member for each. A template that is one placeholder alone gives the value
/// as it is, a number a number; one that gives nothing is null. InvalidParams as above.
[[nodiscard]] Result<std::string> render_object(const TemplateFields& fields,
                                                const RecordSubject& subject);

}  // namespace bulkhead::worker
