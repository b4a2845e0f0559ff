#include "common/periodic_timer.hpp"

#include <utility>

namespace bulkhead {

void PeriodicTimer::start(std::chrono::milliseconds pause, std::function<void()> act) {
  pause_ = pause;
  act_ = std::move(act);
  running_ = std::make_shared<const bool>(true);
  wait();
}

void PeriodicTimer::stop() {
  running_.reset();
  timer_.cancel();
}

void PeriodicTimer::wait() {
  timer_.expires_after(pause_);
  timer_.async_wait([this, running = std::weak_ptr{running_}](const boost::system::error_code&) {
    if (running.expired()) return;
    act_();
    if (!running.expired()) wait();
  });
}

}  // namespace bulkhead
