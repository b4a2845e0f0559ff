#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::worker {

/// What a record tells. The number is written to disk, so values are never reused.
enum class RecordKind : std::uint8_t {
  Detection = 1,  // what one frame shows
  Event = 2,      // of a track or a zone
  Gap = 3,        // records that are missing, and why
};

/// One result on its way to the places where it is kept. It says all there is to say by itself: a
/// later worker, with another model, may be the one that delivers it.
struct SinkRecord {
  Generation generation = 0;
  Sequence sequence = 0;  // with session and generation the key of the record, everywhere
  RecordKind kind = RecordKind::Detection;
  ipc::PriorityClass priority = ipc::PriorityClass::Important;
  std::int64_t time_ns = 0;  // wall clock, when its frame was taken
  std::int64_t expires_ns =
      0;             // wall clock; 0: never. Past it a record is dropped and told by a gap
  std::string json;  // the message as clients get it (DESIGN §5)
};

/// One place that keeps results, SQLite, Redis Streams, PostgreSQL, or one action that they cause.
/// A connection of this worker's own, used by one thread; blocking is its nature, which is why it
/// has that thread to itself.
///
/// No exception of a library leaves an implementation. Every wait has a limit of its own.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Connects and brings the schema up to date; called again after each failure that is transient.
  virtual Result<> open() = 0;

  /// Returns once the place has acknowledged all of `batch`, which is in order and not empty. To
  /// write a record that is there already (same session, generation and sequence) changes nothing
  /// and is no error. On an error none of the batch counts as written and it is offered again:
  /// transient: later, as it is; permanent: record by record, to find the one that is at fault.
  virtual Result<> write(std::span<const SinkRecord> batch) = 0;

  /// "sqlite", "redis", "postgres", or the name of an action.
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
};

}  // namespace bulkhead::worker
