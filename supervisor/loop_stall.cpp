#include "supervisor/loop_stall.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::supervisor {

LoopStall::LoopStall(boost::asio::io_context& loop, Milliseconds tick, Milliseconds limit,
                     std::function<void(Milliseconds)> report)
    : timer_{loop}, tick_{tick}, limit_{limit}, report_{std::move(report)} {
  wait();
}

void LoopStall::close() { timer_.cancel(); }

void LoopStall::wait() {
  timer_.expires_after(tick_);
  timer_.async_wait([this](const boost::system::error_code& failure) {
    if (failure) return;  // closed
    const auto late = std::chrono::duration_cast<Milliseconds>(
        boost::asio::steady_timer::clock_type::now() - timer_.expiry());
    longest_ = std::max(longest_, late);
    wait();
    if (late <= limit_) return;
    ++stalls_total_;
    report_(late);
  });
}

}  // namespace bulkhead::supervisor
