// What a spool does at its cap, and about damage.

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/spool.hpp"

namespace bulkhead::worker {

namespace {

bool has_records_of(const SpoolSegment& segment, ipc::PriorityClass least) {
  const auto from = segment.records.begin() + static_cast<std::ptrdiff_t>(index_of(least));
  return std::any_of(from, segment.records.end(), [](std::uint32_t n) { return n > 0; });
}

Loss loss_of_rest(const SpoolSegment& known, const SpoolSegment& found) {
  return {.generation = known.generation,
          .from = found.entries() == 0 ? known.first_sequence : found.last_sequence + 1,
          .to = known.last_sequence,
          .count = known.entries() - std::min(known.entries(), found.entries()),
          .reason = GapReason::Damaged,
          .time_ns = wall_ns()};
}

}  // namespace

void Spool::enforce_cap() {
  while (held_bytes() + limits::kSpoolSegmentBytes > spec_.max_bytes && thin_one()) {
  }
}

bool Spool::thin_one() {
  constexpr std::array kOrder{ipc::PriorityClass::Bulk, ipc::PriorityClass::Important,
                              ipc::PriorityClass::Control};
  for (const auto drop : kOrder) {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const bool only_gaps =
          drop == ipc::PriorityClass::Control && segments_[i].gaps > 0 && i + 1 < segments_.size();
      if (!has_records_of(segments_[i], drop) && !only_gaps) continue;
      // A disk that takes no replacement shall not make the spool grow past its cap.
      if (!thin_segment(i, drop)) drop_oldest();
      return true;
    }
  }
  return false;
}

void Spool::drop_oldest() {
  Loss loss = loss_of_rest(segments_.front(), {});
  loss.reason = GapReason::SpoolFull;
  untold_.push_back(loss);
  remove_segment(0);
}

Result<> Spool::thin_segment(std::size_t position, ipc::PriorityClass drop) {
  const auto cursors = all_cursors();
  const Thinning thinning{drop, cursors, spec_.session};
  const auto found = scan_segment(spec_.folder, segments_[position].number, 0);
  if (!found) return found.error();
  if (found->segment.last_index < segments_[position].last_index) {
    untold_.push_back(loss_of_rest(segments_[position], found->segment));
  }
  auto left = thin(found->entries, thinning);
  ++counters_.thinned_segments;
  // Nothing but gaps is no reason for a file: they go in front of the next one.
  const bool only_gaps = std::all_of(left.begin(), left.end(), [](const SpoolEntry& entry) {
    return entry.record->kind == RecordKind::Gap;
  });
  std::size_t target = position;
  if (only_gaps && position + 1 < segments_.size() && !left.empty()) {
    const auto next = scan_segment(spec_.folder, segments_[position + 1].number, left.back().index);
    if (!next) return next.error();
    left.insert(left.end(), next->entries.begin(), next->entries.end());
    target = position + 1;
  }
  if (left.empty()) {
    remove_segment(position);
    return {};
  }
  const auto replaced = replace_segment(spec_.folder, segments_[target].number, left);
  if (!replaced) return replaced.error();
  segments_[target] = *replaced;
  for (Reader& reader : readers_) {
    if (reader.number == replaced->number) reader = {};
  }
  if (target != position) remove_segment(position);
  return {};
}

Result<> Spool::tell_damage_before(ScannedSegment& found) {
  const SpoolSegment next = found.segment;
  const bool known = !segments_.empty();
  const std::uint64_t first_lost = known ? segments_.back().last_index + 1 : slowest();
  if (first_lost >= next.first_index) return {};
  const std::uint64_t count = next.first_index - first_lost;
  const Generation generation = known ? segments_.back().generation : next.generation;
  const Sequence from = known ? segments_.back().last_sequence + 1 : 1;
  // Between two generations how far the earlier one came is not known.
  const bool same = generation == next.generation && next.first_sequence > from;
  const Loss loss{.generation = generation,
                  .from = from,
                  .to = same ? next.first_sequence - 1 : from + count - 1,
                  .count = count,
                  .reason = GapReason::Damaged,
                  .time_ns = found.entries.front().record->time_ns};
  found.entries.insert(found.entries.begin(), entry_of(next.first_index - 1, loss));
  const auto replaced = replace_segment(spec_.folder, next.number, found.entries);
  if (!replaced) return replaced.error();
  found.segment = *replaced;
  return {};
}

SpoolEntry Spool::entry_of(std::uint64_t index, const Loss& loss) const {
  return {index, std::make_shared<const SinkRecord>(gap_record(spec_.session, loss))};
}

}  // namespace bulkhead::worker
