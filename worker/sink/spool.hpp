#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "common/unique_fd.hpp"
#include "worker/sink/sink_cursor.hpp"
#include "worker/sink/spool_entry.hpp"
#include "worker/sink/spool_segment.hpp"

namespace bulkhead::worker {

struct SpoolSpec {
  std::filesystem::path folder;  // of this session alone; made where it is not there
  std::string session;
  std::vector<std::string> sinks;  // their names; a sink that is not there any more holds nothing
  std::size_t max_bytes = limits::kSpoolBytes;  // at least four segments
};

/// What is not yet committed by one sink, as far as the disk has it.
struct Backlog {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

struct SpoolCounters {
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;             // held against the cap
  std::uint64_t torn_bytes = 0;        // cut off the end when it was opened
  std::uint64_t damaged_segments = 0;  // whose rest was skipped
  std::uint64_t thinned_segments = 0;  // at the cap
  std::uint64_t cursor_failures = 0;   // a sink's progress that was not written down
};

/// A session's results on disk until every sink has them: numbered segments, one file each, to
/// which one process appends; one cursor for each sink; a lock that the kernel releases with the
/// process.
///
/// What `append` has written survives the end of the process, what `sync` came after also a power
/// cut. At the cap what falls off is told by gaps in its place: BULK of all segments first, then
/// IMPORTANT of the oldest, then the oldest. What was found damaged is skipped to the end of its
/// segment and told likewise; a torn end of the log was never promised and is cut. Nothing that
/// lies in the folder is believed: an earlier worker of the session may have been anybody's.
///
/// Not for several threads at once: ResultLog owns it and its lock. Every call blocks on the disk.
class Spool {
 public:
  /// Unavailable while another process (or object) has it; Io for all else. A later Spool never
  /// appends to a segment of an earlier one.
  [[nodiscard]] static Result<Spool> open(SpoolSpec spec);

  /// The least index that the next entry may have.
  [[nodiscard]] std::uint64_t next_index() const noexcept { return next_index_; }

  /// `entry.index` is at least `next_index()`. On an error the log is as it was.
  Result<> append(const SpoolEntry& entry);

  /// What to call fdatasync on, without holding up who uses the spool; empty where there is
  /// nothing.
  [[nodiscard]] std::shared_ptr<const UniqueFd> unsynced() noexcept;

  /// Entries from `from` on whose index is below `end`, at most limits::kSinkBatchRecords or
  /// kSinkBatchBytes and one more. Empty where the log has none.
  [[nodiscard]] Result<std::vector<SpoolEntry>> read(std::size_t sink, std::uint64_t from,
                                                     std::uint64_t end);

  [[nodiscard]] std::uint64_t cursor(std::size_t sink) const { return cursors_[sink].next(); }
  /// Everything below `next` has reached the sink; what has reached all is removed.
  void commit(std::size_t sink, std::uint64_t next);

  /// What was lost and could not be told in its place, for who appends to tell.
  [[nodiscard]] std::vector<Loss> take_untold_losses() noexcept {
    return std::exchange(untold_, {});
  }

  [[nodiscard]] Backlog backlog(std::size_t sink) const;
  [[nodiscard]] SpoolCounters counters() const;

 private:
  /// Where a sink reads. Its file stays open: a segment that is replaced begins anew.
  struct Reader {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    UniqueFd fd;
    std::uint64_t next_index = 0;  // after the last entry read from it,
    Sequence next_sequence = 0;    // and the sequence; 0: none was read
  };

  struct Wanted {
    std::uint64_t from = 0;
    std::uint64_t end = 0;
  };

  Spool(SpoolSpec spec, UniqueFd lock) : spec_{std::move(spec)}, lock_{std::move(lock)} {}

  Result<> open_cursors();
  Result<> scan();
  Result<> cut_tail(const ScannedSegment& found);
  Result<> tell_damage_before(ScannedSegment& found);
  Result<> begin_segment();
  void enforce_cap();
  [[nodiscard]] bool thin_one();
  [[nodiscard]] Result<> thin_segment(std::size_t position, ipc::PriorityClass drop);
  void drop_oldest();
  void remove_segment(std::size_t position);
  void remove_committed();
  [[nodiscard]] SpoolEntry entry_of(std::uint64_t index, const Loss& loss) const;
  [[nodiscard]] std::uint64_t slowest() const;
  [[nodiscard]] std::vector<std::uint64_t> all_cursors() const;
  [[nodiscard]] std::uint64_t held_bytes() const;
  Result<bool> read_segment(Reader& reader, const SpoolSegment& segment, Wanted wanted,
                            std::vector<SpoolEntry>& out);
  [[nodiscard]] SpoolEntry skip_damage(Reader& reader, const SpoolSegment& segment,
                                       std::uint64_t from);

  SpoolSpec spec_;
  UniqueFd lock_;
  std::vector<SinkCursor> cursors_;
  std::vector<Reader> readers_;
  std::deque<SpoolSegment> segments_;  // the last is appended to while active_ is open
  std::shared_ptr<const UniqueFd> active_;
  bool unsynced_ = false;
  std::uint64_t next_index_ = 1;
  std::uint64_t next_number_ = 1;
  std::string buffer_;
  std::vector<Loss> untold_;
  SpoolCounters counters_;
};

}  // namespace bulkhead::worker
