#include "worker/sink/recent_records.hpp"
#include "common/sink_limits.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

namespace bulkhead::worker {

namespace {

// Of a loss in each generation and for each reason; a worker is one generation.
constexpr std::size_t kLosses = 8;

bool precedes(const SpoolEntry& entry, std::uint64_t index) { return entry.index < index; }

}  // namespace

std::size_t RecentRecords::bytes_of(const SinkRecord& record) noexcept {
  return sizeof(SinkRecord) + record.json.size();
}

void RecentRecords::offer(SinkRecord record, const Progress& progress) {
  Shelf& shelf = shelves_[index_of(record.priority)];
  if (record.json.size() > limits::kSinkRecordBytes) {
    return lose(shelf, loss_of(record, GapReason::TooLarge));
  }
  const std::size_t bytes = bytes_of(record);
  if (!make_room(shelf, bytes, record, progress)) {
    return lose(shelf, loss_of(record, GapReason::QueueFull));
  }
  shelf.bytes += bytes;
  shelf.entries.push_back({next_index_++, std::make_shared<const SinkRecord>(std::move(record))});
}

bool RecentRecords::make_room(Shelf& shelf, std::size_t bytes, const SinkRecord& incoming,
                              const Progress& progress) {
  while (shelf.entries.size() >= limits::kRecentRecords ||
         shelf.bytes + bytes > limits::kRecentBytes) {
    const SpoolEntry oldest = shelf.entries.front();
    const bool on_disk = oldest.index < progress.stored;
    const bool with_a_sink = oldest.index < progress.fastest;
    if (on_disk) {
      whole_from_ = std::max(whole_from_, oldest.index + 1);
    } else if (!with_a_sink && incoming.priority == ipc::PriorityClass::Bulk) {
      return false;
    } else if (oldest.index >= progress.slowest) {
      lose(shelf, oldest.record->kind == RecordKind::Gap
                      ? read_gap(*oldest.record).value_or(Loss{})
                      : loss_of(*oldest.record, GapReason::QueueFull));
    }
    pop_oldest(shelf);
  }
  return true;
}

void RecentRecords::pop_oldest(Shelf& shelf) {
  shelf.bytes -= bytes_of(*shelf.entries.front().record);
  shelf.entries.pop_front();
}

void RecentRecords::lose(Shelf& shelf, const Loss& loss) {
  dropped_total_[static_cast<std::size_t>(&shelf - shelves_.data())] += loss.count;
  keep_to_tell(shelf, loss);
}

void RecentRecords::keep_to_tell(Shelf& shelf, const Loss& loss) {
  if (loss.count == 0) return;
  const auto same = std::find_if(shelf.losses.begin(), shelf.losses.end(),
                                 [&](const Loss& other) { return other.joins(loss); });
  if (same != shelf.losses.end()) return same->add(loss);
  if (shelf.losses.size() < kLosses) shelf.losses.push_back(loss);
}

void RecentRecords::add_loss(const Loss& loss) {
  keep_to_tell(shelves_[index_of(ipc::PriorityClass::Control)], loss);
}

bool RecentRecords::tell_losses(std::string_view session, const Progress& progress, bool all) {
  const Shelf& control = shelves_[index_of(ipc::PriorityClass::Control)];
  bool told = false;
  for (Shelf& shelf : shelves_) {
    const bool half_empty = shelf.entries.size() <= limits::kRecentRecords / 2 &&
                            shelf.bytes <= limits::kRecentBytes / 2;
    const bool has_room = control.entries.size() < limits::kRecentRecords;
    if (shelf.losses.empty() || !has_room || !(all || half_empty)) continue;
    for (const Loss& loss : std::exchange(shelf.losses, {})) {
      offer(gap_record(session, loss), progress);
    }
    told = true;
  }
  return told;
}

void RecentRecords::renumber_from(std::uint64_t index) {
  assert(index > 0);
  const std::uint64_t first = first_index();
  const std::uint64_t shift = index - first;  // modulo 2^64, as the sums below
  for (Shelf& shelf : shelves_) {
    for (SpoolEntry& entry : shelf.entries) entry.index += shift;
  }
  next_index_ += shift;
  whole_from_ = index;
}

std::vector<SpoolEntry> RecentRecords::read(std::uint64_t from, std::uint64_t end) const {
  std::array<std::deque<SpoolEntry>::const_iterator, ipc::kPriorityClasses> at;
  for (std::size_t i = 0; i < shelves_.size(); ++i) {
    const auto& entries = shelves_[i].entries;
    at[i] = std::lower_bound(entries.begin(), entries.end(), from, precedes);
  }
  std::vector<SpoolEntry> batch;
  std::size_t bytes = 0;
  while (batch.size() < limits::kSinkBatchRecords && bytes < limits::kSinkBatchBytes) {
    std::size_t next = shelves_.size();
    for (std::size_t i = 0; i < shelves_.size(); ++i) {
      if (at[i] == shelves_[i].entries.end() || at[i]->index >= end) continue;
      if (next == shelves_.size() || at[i]->index < at[next]->index) next = i;
    }
    if (next == shelves_.size()) break;
    bytes += bytes_of(*at[next]->record);
    batch.push_back(*at[next]++);
  }
  return batch;
}

void RecentRecords::release(const Progress& progress) {
  for (Shelf& shelf : shelves_) {
    while (!shelf.entries.empty() && shelf.entries.front().index < progress.slowest) {
      pop_oldest(shelf);
    }
  }
}

std::uint64_t RecentRecords::first_index() const noexcept {
  std::uint64_t first = next_index_;
  for (const Shelf& shelf : shelves_) {
    if (!shelf.entries.empty()) first = std::min(first, shelf.entries.front().index);
  }
  return first;
}

}  // namespace bulkhead::worker
