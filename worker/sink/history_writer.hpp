#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "common/ids.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// A record that has been read: what it is found by.
struct KeyedRecord {
  const SinkRecord* record = nullptr;
  std::vector<std::uint32_t> keys;
};

/// How much of the past is kept; whichever is met first.
struct HistoryBounds {
  std::int64_t max_age_ns = 0;  // by the wall clock
  std::uint64_t max_bytes = 0;  // of the database; its log beside it takes a few MiB more
};

/// The history's database while it is open (`ipc/history_file.hpp` says what is in it). WAL, so
/// that who reads is not waited for; synchronous=NORMAL, so that a batch costs no sync of the disk:
/// a power cut may take the last batches, the end of a process takes none, and neither tears one.
///
/// Everything here throws SQLite::Exception, which `sqlite_error.hpp` classifies; afterwards a call
/// may follow, for a transaction that failed is rolled back. Used by one thread.
class HistoryWriter {
 public:
  enum class Fitness {
    Fit,
    Foreign,  // another program's, or another session's: set it aside
    Newer,    // a newer Bulkhead has written it
  };

  /// Makes the file where there is none, its owner's alone. Brings its schema up to date where it
  /// is fit, and leaves it as it is where it is not.
  HistoryWriter(const std::filesystem::path& file, const SubscriptionId& session);
  ~HistoryWriter();
  HistoryWriter(const HistoryWriter&) = delete;
  HistoryWriter& operator=(const HistoryWriter&) = delete;

  [[nodiscard]] Fitness fitness() const noexcept;

  /// All or nothing. One that is there already changes nothing.
  void write(std::span<const KeyedRecord> batch);

  /// One step of taking away what is past the bounds, oldest first: at least twice what
  /// `written` says, so that nothing grows for ever, and beyond that as much as
  /// limits::kHistoryStepTime allows. The number of results taken away.
  std::size_t retain(const HistoryBounds& bounds, std::size_t written);

 private:
  struct Parts;

  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::worker
