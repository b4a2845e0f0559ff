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
///
/// The picture is copied as atomic words, each stored with release and loaded with acquire: a
/// reader that sees one word of a new picture also sees its odd `sequence` in the second look. So
/// no fence is needed, and no copy is a data race.
struct alignas(kCacheLineBytes) PreviewSlotLayout {
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<std::uint64_t> frame_id{0};
  std::atomic<std::uint64_t> length{0};
};
static_assert(sizeof(PreviewSlotLayout) == kCacheLineBytes);

/// The worker's end; used by one thread.
class PreviewSlotWriter {
 public:
  explicit PreviewSlotWriter(std::span<std::byte> region) noexcept;

  /// False when the picture is larger than the slot; nothing changes then.
  [[nodiscard]] bool write(std::uint64_t frame_id, std::span<const std::byte> jpeg) noexcept;

 private:
  PreviewSlotLayout* layout_;
  std::span<std::uint64_t> words_;
  std::uint64_t sequence_ = 0;  // private: the page is never read back
};

/// The supervisor's end; used by one thread.
class PreviewSlotReader {
 public:
  explicit PreviewSlotReader(std::span<std::byte> region) noexcept;

  /// Copies the picture out; false when none was written yet, when it changed during the copy in
  /// each of a few tries, or when its length is impossible. `jpeg` is then unspecified.
  [[nodiscard]] bool read(std::vector<std::byte>& jpeg, std::uint64_t& frame_id) const;

 private:
  [[nodiscard]] bool try_read(std::vector<std::byte>& jpeg, std::uint64_t& frame_id) const;

  PreviewSlotLayout* layout_;
  std::span<std::uint64_t> words_;
};

}  // namespace bulkhead::ipc
