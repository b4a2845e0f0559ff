#include "worker/sink/gap_record.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::array<std::string_view, 5> kReasons{"queue_full", "spool_full", "damaged", "expired",
                                                   "too_large"};

constexpr std::size_t kReasonNameBytes = 32;

}  // namespace

std::string_view name_of(GapReason reason) noexcept {
  return kReasons[static_cast<std::size_t>(reason)];
}

void Loss::add(const Loss& other) noexcept {
  if (count == 0) {
    *this = other;
    return;
  }
  from = std::min(from, other.from);
  to = std::max(to, other.to);
  count += other.count;
  time_ns = std::max(time_ns, other.time_ns);
}

Loss loss_of(const SinkRecord& record, GapReason reason) noexcept {
  return {.generation = record.generation,
          .from = record.sequence,
          .to = record.sequence,
          .count = 1,
          .reason = reason,
          .time_ns = record.time_ns};
}

SinkRecord gap_record(std::string_view session, const Loss& loss) {
  const nlohmann::ordered_json message{
      {"v", 1},
      {"kind", "gap"},
      {"session", session},
      {"generation", loss.generation},
      {"fromSequence", loss.from},
      {"toSequence", loss.to},
      {"count", loss.count},
      {"reason", name_of(loss.reason)},
  };
  return {.generation = loss.generation,
          .sequence = loss.to,
          .kind = RecordKind::Gap,
          .priority = ipc::PriorityClass::Control,
          .time_ns = loss.time_ns,
          .expires_ns = 0,
          .json = message.dump()};
}

std::optional<Loss> read_gap(const SinkRecord& record) {
  if (record.kind != RecordKind::Gap) return {};
  const auto message = parse_json(record.json, JsonComments::Refused);
  if (!message) return {};
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  JsonFields fields{*message, {}};
  fields.integer("v", 0, 1, 1);
  fields.string("kind", {}, kReasonNameBytes);
  fields.string("session", {}, limits::kSubscriptionIdChars);
  fields.integer("generation", 0, 0, kMost);
  const auto from = fields.integer("fromSequence", 0, 0, kMost);
  const auto to = fields.integer("toSequence", 0, from, kMost);
  const auto count = fields.integer("count", 0, 1, kMost);
  const auto reason = fields.one_of("reason", {kReasons.begin(), kReasons.end()}, 0);
  if (!fields.finish() || count == 0) return {};
  return Loss{.generation = record.generation,
              .from = static_cast<Sequence>(from),
              .to = static_cast<Sequence>(to),
              .count = static_cast<std::uint64_t>(count),
              .reason = static_cast<GapReason>(reason),
              .time_ns = record.time_ns};
}

}  // namespace bulkhead::worker
