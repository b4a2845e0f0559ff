#include "worker/source/connect_permit.hpp"

#include <utility>

namespace bulkhead::worker {

void ConnectPermit::grant() {
  {
    const std::lock_guard lock{mutex_};
    granted_ = true;
  }
  changed_.notify_one();
}

void ConnectPermit::withdraw() {
  const std::lock_guard lock{mutex_};
  granted_ = false;
}

ConnectPermit::Waited ConnectPermit::wait(std::chrono::milliseconds limit, std::stop_token stop) {
  std::unique_lock lock{mutex_};
  if (changed_.wait_for(lock, stop, limit, [this] { return std::exchange(granted_, false); })) {
    return Waited::Granted;
  }
  return stop.stop_requested() ? Waited::Stopped : Waited::LimitOver;
}

}  // namespace bulkhead::worker
