#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipc/layout_version.hpp"

namespace bulkhead::ipc {

/// Bounded single-producer single-consumer ring of variable-length messages in shared memory.
///
/// A message is a 32-bit length and its bytes, padded to 8; positions count bytes since the start
/// and never wrap in practice (2^64). Either process may die at any instruction: there is no lock
/// to be left held, and a message becomes visible only by the release store of `tail`, so half a
/// message is never read. A zero-filled region is a valid empty ring.
///
/// Each end keeps the other's position as it last saw it and looks again only when that says full
/// or empty, so that a stream of messages does not move two cache lines per message.
struct alignas(kCacheLineBytes) SpscRingLayout {
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail{0};  // stored by the producer only
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> head{0};  // stored by the consumer only
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(SpscRingLayout) == 2 * kCacheLineBytes);

/// Every position is a multiple of it.
inline constexpr std::size_t kAlignmentBytes = 8;

/// Bytes a message of `payload_bytes` takes in a ring.
[[nodiscard]] constexpr std::size_t ring_footprint(std::size_t payload_bytes) noexcept {
  return (sizeof(std::uint32_t) + payload_bytes + kAlignmentBytes - 1) / kAlignmentBytes *
         kAlignmentBytes;
}

/// The producer's end; used by one thread. Copies the capacity at construction and never reads a
/// bound from shared memory again: the peer may write anything there at any time.
class SpscRingProducer {
 public:
  /// `region` holds a SpscRingLayout followed by the bytes of the ring, a power of two of them.
  /// `position` is what the producer before this one came to, of a ring that is carried on.
  explicit SpscRingProducer(std::span<std::byte> region, std::uint64_t position = 0) noexcept;

  /// Bytes pushed since the ring began.
  [[nodiscard]] std::uint64_t position() const noexcept { return tail_; }

  /// False when there is no room; the caller applies the policy of its class. A message that
  /// could never fit is a bug of ours.
  [[nodiscard]] bool try_push(std::span<const std::byte> message) noexcept;

  /// Bytes waiting for the consumer, clamped to the capacity whatever the peer wrote.
  [[nodiscard]] std::size_t depth_bytes() const noexcept;
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_; }

 private:
  void copy_in(std::uint64_t position, const void* source, std::size_t bytes) noexcept;

  SpscRingLayout* layout_;
  std::byte* bytes_;
  std::size_t capacity_;
  std::uint64_t tail_;
  std::uint64_t seen_head_;  // read anew only when there seems to be no room
};

enum class PopStatus { Ok, Empty, Corrupt };

/// The consumer's end; used by one thread. Trusts nothing the producer wrote: it keeps its own
/// position, copies each message out once before anyone looks at it, and calls a `tail` or a
/// length that no honest producer can reach `Corrupt`. The head is published after the copy, so a
/// killed consumer causes re-delivery to nobody: its segment dies with its generation.
class SpscRingConsumer {
 public:
  /// `position` as for the producer; a multiple of kAlignmentBytes.
  SpscRingConsumer(std::span<std::byte> region, std::size_t max_message_bytes,
                   std::uint64_t position = 0) noexcept;

  /// Bytes taken since the ring began.
  [[nodiscard]] std::uint64_t position() const noexcept { return head_; }

  /// On Ok `out` holds the message, resized to fit; its capacity is reused from call to call.
  /// Corrupt stays Corrupt in meaning: the caller ends the producer and drops this object.
  [[nodiscard]] PopStatus try_pop(std::vector<std::byte>& out);

  [[nodiscard]] bool empty() const noexcept;

 private:
  void copy_out(std::uint64_t position, void* target, std::size_t bytes) const noexcept;

  SpscRingLayout* layout_;
  std::byte* bytes_;
  std::size_t capacity_;
  std::size_t max_message_bytes_;
  std::uint64_t head_;
  std::uint64_t seen_tail_;  // checked; read anew only when all before it was taken
};

}  // namespace bulkhead::ipc
