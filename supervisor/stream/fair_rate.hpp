#pragma once

#include <cstdint>
#include <map>

#include "common/token_bucket.hpp"
#include "supervisor/stream/message.hpp"

namespace bulkhead::supervisor {

/// Lets detections of many sessions pass at a rate that they share: of cameras that all see a frame
/// in the same moment, the first to be told of must not have every token.
///
/// A bucket keeps what limits::kStreamRateBurst brings, so that such a moment has the tokens of the
/// time since the last. Each session is due once in its share of the rate, however many there are
/// at present; one that is not due has what nobody else wants, which is when the bucket is full.
///
/// A value owned by one Stream, used by the supervisor's loop; pure: time comes in as monotonic
/// nanoseconds. Sessions that have been silent for a while leave.
class FairRate {
 public:
  explicit FairRate(double per_second);

  /// Whether one of this session passes now.
  [[nodiscard]] bool admits(const ByName::Name& session, std::int64_t now_ns);

 private:
  struct Share {
    std::int64_t due_ns = 0;
    std::int64_t asked_ns = 0;  // last
  };

  void forget_silent(std::int64_t now_ns);

  double per_second_;
  TokenBucket bucket_;
  std::map<ByName::Name, Share, ByName> shares_;
  std::int64_t looked_ns_ = 0;        // for silent ones, last
  std::int64_t scarce_until_ns_ = 0;  // somebody was due and there was no token
};

}  // namespace bulkhead::supervisor
