#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>

namespace bulkhead::supervisor {

/// Measures how long the supervisor's one thread was kept from its events: a timer that comes late
/// by more than `limit` is a stall. Anything that blocks the loop shows here, whatever it was.
/// Owned by Supervisor, used by the loop.
class LoopStall {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// `report` is called in the loop, once for each stall, with its length.
  LoopStall(boost::asio::io_context& loop, Milliseconds tick, Milliseconds limit,
            std::function<void(Milliseconds)> report);

  /// No more ticks, so that the loop can run out of work.
  void close();

  [[nodiscard]] std::uint64_t stalls_total() const noexcept { return stalls_total_; }
  [[nodiscard]] Milliseconds longest() const noexcept { return longest_; }

 private:
  void wait();

  boost::asio::steady_timer timer_;
  Milliseconds tick_;
  Milliseconds limit_;
  std::function<void(Milliseconds)> report_;
  std::uint64_t stalls_total_ = 0;
  Milliseconds longest_{0};
};

}  // namespace bulkhead::supervisor
