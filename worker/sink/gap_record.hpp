#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/sink_limits.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// Why records are missing. Written to disk and to sinks by name, so names are never reused.
enum class GapReason : std::uint8_t {
  QueueFull,  // the disk, or the sinks while it fails, took them slower than they came
  SpoolFull,  // the spool was at its cap
  Damaged,    // a segment of the spool was not what had been written
  Expired,    // they were not worth writing any more
  TooLarge,   // more than limits::kSinkRecordBytes
};

[[nodiscard]] std::string_view name_of(GapReason reason) noexcept;  // "queue_full"

/// Records of one generation that are missing, `count` of those from `from` to `to`.
struct Loss {
  Generation generation = 0;
  Sequence from = 0;
  Sequence to = 0;  // inclusive; was lost itself
  std::uint64_t count = 0;
  GapReason reason = GapReason::QueueFull;
  std::int64_t time_ns = 0;  // wall clock, of the last of them

  /// Whether `other` can be told in one record with this one.
  [[nodiscard]] bool joins(const Loss& other) const noexcept {
    return count == 0 || (generation == other.generation && reason == other.reason);
  }
  void add(const Loss& other) noexcept;
};

/// One record of which only that it is lost remains.
[[nodiscard]] Loss loss_of(const SinkRecord& record, GapReason reason) noexcept;

/// The record that tells a loss. Its key is that of the last record lost: the key is free in every
/// sink that lacks something, and a sink that has that record, and with it all before it, takes the
/// gap for one that is there already. So telling it to all sinks, and twice, does no harm.
[[nodiscard]] SinkRecord gap_record(std::string_view session, const Loss& loss);

/// What a gap record tells; nothing where it is none of ours.
[[nodiscard]] std::optional<Loss> read_gap(const SinkRecord& record);

}  // namespace bulkhead::worker
