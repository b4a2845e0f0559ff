#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ipc/doorbell.hpp"
#include "ipc/priority_class.hpp"
#include "ipc/record.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/spsc_ring.hpp"

namespace bulkhead::ipc {

/// The worker's end of the four result rings: numbers each record, stamps its `publish_ns`, encodes
/// it once, pushes it to the ring of its class and rings the doorbell. Used by one thread; owned by
/// the publisher. The segment must outlive it; the descriptor is not owned.
///
/// A full ring refuses (`false`): the publisher applies the class's policy. The sequence is used
/// up either way, so that a loss shows as a hole.
class PriorityProducer {
 public:
  PriorityProducer(const ShmSegment& segment, int doorbell_fd);

  [[nodiscard]] bool try_publish(PriorityClass priority, Record& record);

  /// Numbers and dates a record without offering it: one that must wait behind others of its
  /// class, or one that is dropped and shall show as a hole.
  void number(Record& record) noexcept;

  /// Offers an already numbered record again, e.g. a CRITICAL one that found no room.
  [[nodiscard]] bool try_republish(PriorityClass priority, const Record& record);

  [[nodiscard]] Sequence last_sequence() const noexcept { return sequence_; }

  /// Fill of a ring, 0..1.
  [[nodiscard]] double occupancy(PriorityClass priority) const noexcept;

 private:
  std::array<SpscRingProducer, kPriorityClasses> rings_;
  Doorbell doorbell_;
  std::vector<std::byte> buffer_;
  Sequence sequence_ = 0;
};

/// The supervisor's end: takes records highest class first. Used by the supervisor's loop, which
/// bounds how many it takes per wake-up. The segment must outlive it; the descriptor is not owned.
///
/// Strict priority starves nobody: the rings are small, and what BULK loses while others are full
/// is what BULK is for.
class PriorityConsumer {
 public:
  struct Taken {
    PriorityClass priority;
    Record record;
  };

  /// Where each ring was read to, by class. A supervisor that replaces itself carries them over;
  /// they are its own and never read back from shared memory.
  using Positions = std::array<std::uint64_t, kPriorityClasses>;

  PriorityConsumer(const ShmSegment& segment, int doorbell_fd, const Positions& positions = {});

  [[nodiscard]] Positions positions() const noexcept;

  /// Next record, nothing when all rings are empty, or Corrupt: then the worker must be killed and
  /// this object not be used again.
  [[nodiscard]] Result<std::optional<Taken>> try_take();

  /// See Doorbell::prepare_sleep; false: there is work, call try_take again.
  [[nodiscard]] bool prepare_sleep() noexcept;
  void woken() noexcept { doorbell_.clear(); }

  /// Readable when the worker knocked.
  [[nodiscard]] int wake_fd() const noexcept { return doorbell_.fd(); }

 private:
  std::array<SpscRingConsumer, kPriorityClasses> rings_;
  Doorbell doorbell_;
  std::vector<std::byte> buffer_;
};

}  // namespace bulkhead::ipc
