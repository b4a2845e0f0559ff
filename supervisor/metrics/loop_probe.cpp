#include "supervisor/metrics/loop_probe.hpp"

#include <algorithm>
#include <chrono>

namespace bulkhead::supervisor {

namespace {

constexpr std::chrono::milliseconds kEvery{100};

}  // namespace

LoopProbe::LoopProbe(boost::asio::io_context& loop) : timer_{loop} {}

void LoopProbe::start() {
  running_ = std::make_shared<const bool>(true);
  wait();
}

void LoopProbe::stop() {
  running_.reset();
  timer_.cancel();
}

void LoopProbe::wait() {
  timer_.expires_after(kEvery);
  timer_.async_wait([this, running = std::weak_ptr{running_}](const boost::system::error_code&) {
    if (running.expired()) return;
    const auto lateness = std::chrono::steady_clock::now() - timer_.expiry();
    figures_.lateness.observe(lateness);
    figures_.longest_stall_seconds =
        std::max(figures_.longest_stall_seconds, std::chrono::duration<double>{lateness}.count());
    wait();
  });
}

}  // namespace bulkhead::supervisor
