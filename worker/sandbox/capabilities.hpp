#pragma once

#include "common/result.hpp"

namespace bulkhead::worker {

/// Gives up every capability for good: what is left to a process of the superuser are the files
/// that he owns. Of the calling thread and all that it starts later. Unavailable where the kernel
/// refuses.
[[nodiscard]] Result<> drop_capabilities();

}  // namespace bulkhead::worker
