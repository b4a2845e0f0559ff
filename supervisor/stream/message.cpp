#include "supervisor/stream/message.hpp"

namespace bulkhead::supervisor {

std::string_view name_of(GapReason reason) noexcept {
  switch (reason) {
    case GapReason::SlowClient:
      return "slow_client";
    case GapReason::WorkerQueueFull:
      return "worker_queue_full";
    case GapReason::History:
      return "history";
    case GapReason::Expired:
      return "ttl_expired";
    case GapReason::RateLimit:
      return "rate_limit";
    case GapReason::MemoryBudget:
      return "memory_budget";
  }
  return {};
}

}  // namespace bulkhead::supervisor
