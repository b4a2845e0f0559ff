#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/gap_record.hpp"
#include "worker/sink/spool_entry.hpp"

namespace bulkhead::worker {

/// How far the records in memory have come. An index is the next one that is not there yet.
struct Progress {
  std::uint64_t stored = 0;   // on disk; where the disk fails: unchanged
  std::uint64_t fastest = 0;  // committed by the sink that is ahead of all,
  std::uint64_t slowest = 0;  // and by all
};

/// The latest records of a session, in memory: what waits for the disk, and what sinks that keep up
/// read without it.
///
/// Each class has its own limits::kRecentRecords and kRecentBytes, so that no class presses
/// another. Where one is full the oldest goes if the disk has it, or if some sink has it; else
///
///   CONTROL, CRITICAL, IMPORTANT   lose the oldest
///   BULK                           loses the newest
///
/// and what is lost is counted, and told by a gap record once the class is half empty again. So
/// CRITICAL is kept longest: it is rare, and its room is its own.
///
/// Never waits, allocates one record. Not for several threads at once: ResultLog holds its lock.
class RecentRecords {
 public:
  using Dropped = std::array<std::uint64_t, ipc::kPriorityClasses>;

  void offer(SinkRecord record, const Progress& progress);

  /// Gives all records new places from `index` on: what the log turned out to hold comes before.
  void renumber_from(std::uint64_t index);

  /// Entries with an index in [from, end), in order, no more than fit into one batch.
  [[nodiscard]] std::vector<SpoolEntry> read(std::uint64_t from, std::uint64_t end) const;

  /// Lets go what all sinks have.
  void release(const Progress& progress);

  /// Offers the losses that may be told now, or all of them, as gap records. True when there were.
  bool tell_losses(std::string_view session, const Progress& progress, bool all);
  /// A loss of elsewhere, to be told with those.
  void add_loss(const Loss& loss);

  [[nodiscard]] std::uint64_t first_index() const noexcept;  // next_index() where it is empty
  [[nodiscard]] std::uint64_t next_index() const noexcept { return next_index_; }
  /// From here on memory has all there is; what is before may be on disk only.
  [[nodiscard]] std::uint64_t whole_from() const noexcept { return whole_from_; }
  [[nodiscard]] const Dropped& dropped_total() const noexcept { return dropped_total_; }

 private:
  struct Shelf {
    std::deque<SpoolEntry> entries;
    std::size_t bytes = 0;
    std::vector<Loss> losses;  // of one class: one for each generation and reason
  };

  [[nodiscard]] static std::size_t bytes_of(const SinkRecord& record) noexcept;
  bool make_room(Shelf& shelf, std::size_t bytes, const SinkRecord& incoming,
                 const Progress& progress);
  void pop_oldest(Shelf& shelf);
  void lose(Shelf& shelf, const Loss& loss);
  static void keep_to_tell(Shelf& shelf, const Loss& loss);

  std::array<Shelf, ipc::kPriorityClasses> shelves_;
  std::uint64_t next_index_ = 1;
  std::uint64_t whole_from_ = 1;
  Dropped dropped_total_{};
};

}  // namespace bulkhead::worker
