#include "supervisor/access/login_limiter.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

TokenBucket full_bucket() {
  constexpr double kPerSecond = 1.0 / std::chrono::duration<double>{limits::kLoginPause}.count();
  return {kPerSecond, limits::kLoginPause * limits::kLoginBurst};
}

/// Whoever has one address of IPv6 has all of its /64.
std::string key_of(const std::string& text) {
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(text, failure);
  if (failure || !address.is_v6() || address.to_v6().is_v4_mapped()) return text;
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::make_address_v6(bytes).to_string();
}

}  // namespace

std::int64_t LoginLimiter::wait_s(const std::string& address, std::int64_t now_ns) const {
  const auto found = addresses_.find(key_of(address));
  if (found == addresses_.end()) return 0;
  const std::int64_t wait_ns = found->second.ready_ns(now_ns) - now_ns;
  return (wait_ns + kNsPerSecond - 1) / kNsPerSecond;
}

void LoginLimiter::failed(const std::string& address, std::int64_t now_ns) {
  const std::string key = key_of(address);
  if (addresses_.size() >= limits::kLoginAddresses && !addresses_.contains(key)) {
    make_room(now_ns);
  }
  TokenBucket& bucket = addresses_.try_emplace(key, full_bucket()).first->second;
  if (bucket.ready_ns(now_ns) <= now_ns) bucket.take(now_ns);
}

void LoginLimiter::make_room(std::int64_t now_ns) {
  std::erase_if(addresses_, [&](const auto& entry) { return entry.second.is_full(now_ns); });
  if (addresses_.size() < limits::kLoginAddresses) return;
  addresses_.erase(
      std::max_element(addresses_.begin(), addresses_.end(), [&](const auto& a, const auto& b) {
        return a.second.tokens(now_ns) < b.second.tokens(now_ns);
      }));
}

}  // namespace bulkhead::supervisor
