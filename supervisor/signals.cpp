#include "supervisor/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace bulkhead::supervisor {

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> stop)
    : set_{loop, SIGTERM, SIGINT}, stop_{std::move(stop)} {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  wait();
}

void Signals::close() {
  boost::system::error_code ignored;
  set_.cancel(ignored);
}

void Signals::wait() {
  set_.async_wait([this](const boost::system::error_code& failure, int number) {
    if (failure) return;  // closed
    if (stopping_) ::_exit(128 + number);
    stopping_ = true;
    wait();
    stop_(number);
  });
}

}  // namespace bulkhead::supervisor
