#include "supervisor/stream/fair_rate.hpp"

#include <algorithm>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t kSilenceNs = 2 * kNsPerSecond;

}  // namespace

FairRate::FairRate(double per_second)
    : per_second_{per_second}, bucket_{per_second, limits::kStreamRateBurst} {}

bool FairRate::admits(const ByName::Name& session, std::int64_t now_ns) {
  forget_silent(now_ns);
  Share& share = shares_.try_emplace(session, Share{.due_ns = now_ns}).first->second;
  share.asked_ns = now_ns;
  const auto share_ns = static_cast<std::int64_t>(static_cast<double>(shares_.size()) *
                                                  static_cast<double>(kNsPerSecond) / per_second_);
  const bool is_due = share.due_ns <= now_ns;
  const bool has_token = bucket_.ready_ns(now_ns) <= now_ns;
  if (is_due && !has_token) scarce_until_ns_ = now_ns + std::max(share_ns, kNsPerSecond);
  const bool is_spare = bucket_.is_full(now_ns) && now_ns > scarce_until_ns_;
  if (!has_token || (!is_due && !is_spare)) return false;
  bucket_.take(now_ns);
  share.due_ns = std::max(share.due_ns, now_ns - share_ns) + share_ns;
  return true;
}

void FairRate::forget_silent(std::int64_t now_ns) {
  if (now_ns - looked_ns_ < kNsPerSecond) return;
  looked_ns_ = now_ns;
  std::erase_if(shares_,
                [&](const auto& entry) { return now_ns - entry.second.asked_ns > kSilenceNs; });
}

}  // namespace bulkhead::supervisor
