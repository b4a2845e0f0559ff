#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace bulkhead {

/// Does something again and again, with a pause between two times, until it is stopped.
///
/// Once stopped it does nothing more and is no work for the loop, also where its time had come
/// already in the turn that stops it: to cancel a timer is too late then, and one that begins again
/// by itself would keep the loop for ever. Owned by who starts it; used by the loop's thread. What
/// it does may stop it, and may not destroy it.
class PeriodicTimer {
 public:
  explicit PeriodicTimer(boost::asio::io_context& loop) : timer_{loop} {}

  /// The first time after one pause.
  void start(std::chrono::milliseconds pause, std::function<void()> act);
  void stop();

 private:
  void wait();

  boost::asio::steady_timer timer_;
  std::chrono::milliseconds pause_{};
  std::function<void()> act_;
  std::shared_ptr<const bool> running_;
};

}  // namespace bulkhead
