#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "common/result.hpp"
#include "ipc/record.hpp"

namespace bulkhead::supervisor {

/// Commands that wait for their worker's acknowledgement; each is answered exactly once, in time or
/// with an error. At limits::kPendingCommands a newcomer is refused with LimitReached. Owned by one
/// Session; pure, time is monotonic nanoseconds.
class PendingCommands {
 public:
  using Answered = std::function<void(const Result<>&)>;

  /// The number the command carries.
  [[nodiscard]] Result<std::uint64_t> add(std::int64_t deadline_ns, Answered answered);

  /// An answer to a question nobody asked, or asked too long ago, is ignored.
  void acknowledge(const ipc::Ack& ack);

  void fail(std::uint64_t request_id, const Error& error);
  void fail_all(const Error& error);
  void expire(std::int64_t now_ns);

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

 private:
  struct Waiting {
    std::int64_t deadline_ns;
    Answered answered;
  };

  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_id_ = 0;
};

}  // namespace bulkhead::supervisor
