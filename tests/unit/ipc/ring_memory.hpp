#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "ipc/spsc_ring.hpp"

namespace bulkhead::ipc {

/// Zero-filled memory of one ring, allocated exactly: AddressSanitizer sees a byte too far.
class RingMemory {
 public:
  explicit RingMemory(std::size_t capacity)
      : size_{sizeof(SpscRingLayout) + capacity},
        bytes_{static_cast<std::byte*>(::operator new(size_, kAlignment))} {
    std::fill_n(bytes_.get(), size_, std::byte{0});
  }

  [[nodiscard]] std::span<std::byte> region() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> data() const noexcept {
    return region().subspan(sizeof(SpscRingLayout));
  }

  /// Where a hostile peer would write.
  [[nodiscard]] SpscRingLayout& layout() const noexcept {
    return *reinterpret_cast<SpscRingLayout*>(bytes_.get());
  }

 private:
  static constexpr std::align_val_t kAlignment{kCacheLineBytes};
  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, kAlignment); }
  };

  std::size_t size_;
  std::unique_ptr<std::byte, Free> bytes_;
};

}  // namespace bulkhead::ipc
