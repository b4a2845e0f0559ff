#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/mutex.hpp"
#include "common/result.hpp"
#include "ipc/preview_slot.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// Keeps the latest frame and writes it to the preview slot as JPEG when asked.
///
/// `keep` is called by the detect thread with every frame and costs a few pointers; the frame
/// holds one buffer of the decoder until the next. `take` is called by the control thread and does
/// the encoding, so that a snapshot costs the detector nothing. Owned by Worker.
class PreviewPublisher {
 public:
  explicit PreviewPublisher(std::span<std::byte> slot) noexcept : slot_{slot} {}

  void keep(const Frame& frame);

  /// Writes the latest frame and returns its id. Where the picture would not fit into the slot,
  /// `quality` (1..100) is lowered; LimitReached when even the lowest does not help. Unavailable
  /// before the first frame.
  [[nodiscard]] Result<std::uint64_t> take(int quality);

  /// Lets go of the frame and with it of the decoder's memory.
  void release();

 private:
  ipc::PreviewSlotWriter slot_;
  Mutex mutex_;
  std::optional<Frame> latest_ BULKHEAD_GUARDED_BY(mutex_);
};

}  // namespace bulkhead::worker
