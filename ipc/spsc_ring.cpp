#include "ipc/spsc_ring.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace bulkhead::ipc {

namespace {

constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);

SpscRingLayout* ring_layout_of(std::span<std::byte> region) noexcept {
  assert(region.size() > sizeof(SpscRingLayout));
  assert(std::has_single_bit(region.size() - sizeof(SpscRingLayout)));
  assert(reinterpret_cast<std::uintptr_t>(region.data()) % alignof(SpscRingLayout) == 0);
  return reinterpret_cast<SpscRingLayout*>(region.data());
}

}  // namespace

// A ring that begins is empty; of one that is carried on, the first push looks where its consumer
// is.
SpscRingProducer::SpscRingProducer(std::span<std::byte> region, std::uint64_t position) noexcept
    : layout_{ring_layout_of(region)},
      bytes_{region.data() + sizeof(SpscRingLayout)},
      capacity_{region.size() - sizeof(SpscRingLayout)},
      tail_{position},
      seen_head_{position == 0 ? 0 : position - capacity_} {}

bool SpscRingProducer::try_push(std::span<const std::byte> message) noexcept {
  const std::size_t footprint = ring_footprint(message.size());
  assert(footprint <= capacity_);
  if (footprint > capacity_ - (tail_ - seen_head_)) {
    // Acquire: the consumer has copied out everything before the head it published, so its bytes
    // may be overwritten. A head that no honest consumer can reach leaves no room.
    const std::uint64_t head = layout_->head.load(std::memory_order_acquire);
    if (tail_ - head > capacity_ || footprint > capacity_ - (tail_ - head)) return false;
    seen_head_ = head;
  }

  const auto length = static_cast<std::uint32_t>(message.size());
  std::memcpy(bytes_ + (tail_ & (capacity_ - 1)), &length, kLengthBytes);
  copy_in(tail_ + kLengthBytes, message.data(), message.size());
  tail_ += footprint;
  // Release: whoever sees the new tail sees the whole message before it. Dying before this line
  // publishes nothing.
  layout_->tail.store(tail_, std::memory_order_release);
  return true;
}

std::size_t SpscRingProducer::depth_bytes() const noexcept {
  const std::uint64_t used = tail_ - layout_->head.load(std::memory_order_relaxed);
  return static_cast<std::size_t>(std::min<std::uint64_t>(used, capacity_));
}

void SpscRingProducer::copy_in(std::uint64_t position, const void* source,
                               std::size_t bytes) noexcept {
  if (bytes == 0) return;
  const std::size_t at = position & (capacity_ - 1);
  const std::size_t before_end = std::min(bytes, capacity_ - at);
  std::memcpy(bytes_ + at, source, before_end);
  if (before_end == bytes) return;
  std::memcpy(bytes_, static_cast<const std::byte*>(source) + before_end, bytes - before_end);
}

SpscRingConsumer::SpscRingConsumer(std::span<std::byte> region, std::size_t max_message_bytes,
                                   std::uint64_t position) noexcept
    : layout_{ring_layout_of(region)},
      bytes_{region.data() + sizeof(SpscRingLayout)},
      capacity_{region.size() - sizeof(SpscRingLayout)},
      max_message_bytes_{max_message_bytes},
      head_{position},
      seen_tail_{position} {}

PopStatus SpscRingConsumer::try_pop(std::vector<std::byte>& out) {
  if (head_ == seen_tail_) {
    // Acquire: pairs with the producer's release, so the bytes before `tail` are those it wrote.
    const std::uint64_t tail = layout_->tail.load(std::memory_order_acquire);
    // Unsigned, so a tail that went back is as far ahead as can be.
    const std::uint64_t ahead = tail - head_;
    if (ahead > capacity_ || ahead % kAlignmentBytes != 0) return PopStatus::Corrupt;
    if (ahead == 0) return PopStatus::Empty;
    seen_tail_ = tail;
  }
  const std::uint64_t pending = seen_tail_ - head_;

  // One atomic read into a private copy: the peer may change the word between two reads. Positions
  // are multiples of 8 and the ring's size is one too, so the word never wraps.
  std::byte* length_at = bytes_ + (head_ & (capacity_ - 1));
  const std::uint32_t length =
      std::atomic_ref{*reinterpret_cast<std::uint32_t*>(length_at)}.load(std::memory_order_relaxed);
  if (length > max_message_bytes_ || ring_footprint(length) > pending) return PopStatus::Corrupt;

  out.resize(length);
  copy_out(head_ + kLengthBytes, out.data(), length);
  head_ += ring_footprint(length);
  // Release: the bytes are offered for reuse only after they were copied out.
  layout_->head.store(head_, std::memory_order_release);
  return PopStatus::Ok;
}

bool SpscRingConsumer::empty() const noexcept {
  return layout_->tail.load(std::memory_order_acquire) == head_;
}

void SpscRingConsumer::copy_out(std::uint64_t position, void* target,
                                std::size_t bytes) const noexcept {
  if (bytes == 0) return;
  const std::size_t at = position & (capacity_ - 1);
  const std::size_t before_end = std::min(bytes, capacity_ - at);
  std::memcpy(target, bytes_ + at, before_end);
  if (before_end == bytes) return;
  std::memcpy(static_cast<std::byte*>(target) + before_end, bytes_, bytes - before_end);
}

}  // namespace bulkhead::ipc
