#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "supervisor/history/history_query.hpp"

namespace bulkhead::supervisor {

/// How much one look into a file may cost; whichever is met first.
struct HistoryBudget {
  std::size_t results = limits::kHistoryPage;
  std::size_t bytes = limits::kHistoryPageBytes;  // of what is given; one result is always given
  std::size_t scanned = limits::kHistoryScanned;
  std::int64_t until_ns = 0;  // monotonic
};

/// What one file has to say to a query.
struct HistoryScan {
  std::vector<HistoryResult> results;         // in order
  std::optional<HistoryPosition> stopped_at;  // looked at up to here, this one included; none: all
  std::uint64_t skipped = 0;
};

/// The history of one session as its worker wrote it, or somebody who has taken it over: no byte of
/// the file is trusted. It is opened for reading by the VFS of `untrusted_vfs.hpp`; its schema must
/// be exactly ours; nothing in it is run. SQLite checks each cell, stops at limits of its own for
/// lengths and steps, and is interrupted at the deadline; a result is parsed and written again
/// before it is given to anybody.
///
/// Used by one thread, which blocks for as long as the disk does, and beside that until the
/// deadline.
class HistoryReader {
 public:
  /// NotFound: there is no file. VersionMismatch: a newer Bulkhead has written it. Corrupt: it is
  /// no history of ours. Timeout; Unavailable: try again.
  static Result<HistoryReader> open(const std::filesystem::path& file, std::int64_t until_ns);

  ~HistoryReader();
  HistoryReader(HistoryReader&&) noexcept;
  HistoryReader& operator=(HistoryReader&&) noexcept;

  /// Whose history it says it is.
  [[nodiscard]] const SubscriptionId& session() const noexcept;

  /// Results behind `query.after`. Errors as above.
  Result<HistoryScan> scan(const HistoryQuery& query, const HistoryBudget& budget);

 private:
  struct Parts;
  explicit HistoryReader(std::unique_ptr<Parts> parts) noexcept;

  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::supervisor
