#pragma once

#include <cstddef>
#include <vector>

#include "common/result.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// The frame as a JPEG of 4:2:0 at `quality` (1..100). I420 is taken as the limited range that
/// cameras send and stretched to the full range that JPEG means; the planes are used as they are,
/// without a detour over RGB. Internal with libjpeg-turbo's own sentence on failure.
[[nodiscard]] Result<std::vector<std::byte>> encode_jpeg(const Frame& frame, int quality);

}  // namespace bulkhead::worker
