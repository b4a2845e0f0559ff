#include "worker/sink/socket_deadline.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

namespace bulkhead::worker {

SocketDeadline::SocketDeadline(int socket)
    : socket_{::fcntl(socket, F_DUPFD_CLOEXEC, 0)}, thread_{[this](const std::stop_token& stop) {
        ::pthread_setname_np(::pthread_self(), "sink-deadline");
        watch(stop);
      }} {}

void SocketDeadline::arm(Time deadline) {
  const std::lock_guard lock{mutex_};
  deadline_ = deadline;
  changed_.notify_one();
}

void SocketDeadline::disarm() { arm(Time::max()); }

bool SocketDeadline::has_passed() {
  const std::lock_guard lock{mutex_};
  return has_passed_;
}

void SocketDeadline::watch(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const Time until = deadline_;
    const auto is_other = [&] { return deadline_ != until; };
    if (until == Time::max()) {
      changed_.wait(lock, stop, is_other);
    } else if (!changed_.wait_until(lock, stop, until, is_other) && !stop.stop_requested()) {
      has_passed_ = true;
      deadline_ = Time::max();
      ::shutdown(socket_.get(), SHUT_RDWR);
    }
  }
}

}  // namespace bulkhead::worker
