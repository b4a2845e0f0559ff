#include "worker/publish/preview_publisher.hpp"

#include <utility>

#include "worker/publish/jpeg.hpp"

namespace bulkhead::worker {

void PreviewPublisher::keep(const Frame& frame) {
  std::optional<Frame> previous{frame};
  {
    const MutexLock lock{mutex_};
    std::swap(previous, latest_);
  }
  // The frame before is given back to its decoder here, outside the lock.
}

Result<std::uint64_t> PreviewPublisher::take(int quality) {
  std::optional<Frame> frame;
  {
    const MutexLock lock{mutex_};
    frame = latest_;
  }
  if (!frame) return Error{ErrorCode::Unavailable, "no picture has come from the camera yet", {}};
  for (; quality >= 1; quality /= 2) {
    auto jpeg = encode_jpeg(*frame, quality);
    if (!jpeg) return jpeg.error();
    if (slot_.write(frame->id, *jpeg)) return frame->id;
  }
  return Error{ErrorCode::LimitReached, "the picture is too large for a preview", {}};
}

void PreviewPublisher::release() {
  const MutexLock lock{mutex_};
  latest_.reset();
}

}  // namespace bulkhead::worker
