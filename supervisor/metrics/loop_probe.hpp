#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "supervisor/metrics/figures.hpp"

namespace bulkhead::supervisor {

/// Measures how late the supervisor's loop is: a timer is due every 100 ms, and whatever kept the
/// loop from it also kept it from every camera and client. Used by the loop it measures.
class LoopProbe {
 public:
  explicit LoopProbe(boost::asio::io_context& loop);

  void start();
  void stop();  // lets the loop run out of work
  [[nodiscard]] const LoopFigures& figures() const noexcept { return figures_; }

 private:
  void wait();

  boost::asio::steady_timer timer_;
  LoopFigures figures_;
  // A timer that has fired cannot be called back: its handler asks this whether we still run.
  std::shared_ptr<const bool> running_;
};

}  // namespace bulkhead::supervisor
