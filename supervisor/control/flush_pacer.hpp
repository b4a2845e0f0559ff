#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace bulkhead::supervisor {

/// When connections write: not at each message but together, at the end of the loop's turn, so that
/// what one turn publishes leaves each connection in one system call. Where writing takes much of
/// the loop's time, turns are drawn out to limits::kFlushPause at most, so that more leaves
/// together; where it takes little, they follow at once. The pause may be pinned instead.
///
/// Owned by ControlContext, used by the supervisor's loop. A connection asks once until it was
/// flushed, so as many wait as there are connections.
class FlushPacer {
 public:
  using Pause = std::chrono::microseconds;

  FlushPacer(boost::asio::io_context& loop, std::optional<Pause> pinned);

  /// `flush` is called soon, with nothing of the caller on the stack.
  void ask(std::function<void()> flush);

  [[nodiscard]] Pause pause() const noexcept { return pause_; }

  /// Pure: the pause that follows one of `pause`, where this part of the time went into writing.
  [[nodiscard]] static Pause next(Pause pause, double busy_part) noexcept;

 private:
  void flush_all();
  void measure(std::int64_t began_ns, std::int64_t ended_ns);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  std::optional<Pause> pinned_;
  Pause pause_{0};
  std::vector<std::function<void()>> waiting_;
  std::int64_t window_began_ns_ = 0;
  std::int64_t busy_ns_ = 0;  // within the window
  // A handler may come when the server is gone.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace bulkhead::supervisor
