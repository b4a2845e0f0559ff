#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/token_bucket.hpp"

namespace bulkhead::supervisor {

/// How often somebody may fail to log in: limits::kLoginBurst refusals at once from one address
/// (one /64 of IPv6), and one each limits::kLoginPause after that. Until then nothing is looked at
/// from there, right or wrong.
///
/// Holds limits::kLoginAddresses; a new one past that takes the place of the one that may fail most
/// again. Used by the supervisor's loop; time comes in as monotonic nanoseconds.
class LoginLimiter {
 public:
  /// Seconds to wait before the next try; 0: none.
  [[nodiscard]] std::int64_t wait_s(const std::string& address, std::int64_t now_ns) const;

  void failed(const std::string& address, std::int64_t now_ns);

  [[nodiscard]] std::size_t size() const noexcept { return addresses_.size(); }

 private:
  void make_room(std::int64_t now_ns);

  std::map<std::string, TokenBucket> addresses_;
};

}  // namespace bulkhead::supervisor
