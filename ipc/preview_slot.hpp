#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipc/layout_version.hpp"

namespace bulkhead::ipc {

/// The latest JPEG of a worker, as a seqlock: `sequence` is odd while the worker writes. One
/// writer, one reader; a reader that was lapped, or a writer that died in the middle, gives
/// `false`, never a mixed picture. The supervisor passes the bytes on without parsing them.
struct alignas(kCacheLineBytes) PreviewSlotLayout {
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<std::uint64_t> frame_id{0};
  std::atomic<std::uint32_t> length{0};
};

class PreviewSlotWriter {
 public:
  explicit PreviewSlotWriter(std::span<std::byte> region) noexcept;

  /// False when the picture is larger than the slot; nothing changes then.
  [[nodiscard]] bool write(std::uint64_t frame_id, std::span<const std::byte> jpeg) noexcept;

 private:
  PreviewSlotLayout* layout_;
  std::span<std::byte> bytes_;
};

class PreviewSlotReader {
 public:
  explicit PreviewSlotReader(std::span<std::byte> region) noexcept;

  /// Copies the picture out; false when none was written yet or it changed during the copy in
  /// each of a few tries.
  [[nodiscard]] bool read(std::vector<std::byte>& jpeg, std::uint64_t& frame_id) const;

 private:
  const PreviewSlotLayout* layout_;
  std::span<const std::byte> bytes_;
};

}  // namespace bulkhead::ipc
