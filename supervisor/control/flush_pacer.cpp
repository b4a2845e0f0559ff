#include "supervisor/control/flush_pacer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr FlushPacer::Pause kFirstPause{1'000};
constexpr double kBusy = 0.5;   // of the loop's time: draw turns out
constexpr double kQuiet = 0.2;  // let them follow sooner
constexpr std::int64_t kPaceWindowNs = kNsPerSecond / 10;

}  // namespace

FlushPacer::FlushPacer(boost::asio::io_context& loop, std::optional<Pause> pinned)
    : loop_{loop}, timer_{loop}, pinned_{pinned}, pause_{pinned.value_or(Pause{0})} {}

void FlushPacer::ask(std::function<void()> flush) {
  waiting_.push_back(std::move(flush));
  if (waiting_.size() > 1) return;
  const auto turn = [this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) flush_all();
  };
  if (pause_.count() == 0) return boost::asio::post(loop_, turn);
  timer_.expires_after(pause_);
  timer_.async_wait([turn](boost::system::error_code error) {
    if (!error) turn();
  });
}

void FlushPacer::flush_all() {
  const std::int64_t began_ns = monotonic_ns();
  for (const auto& flush : std::exchange(waiting_, {})) flush();
  measure(began_ns, monotonic_ns());
}

void FlushPacer::measure(std::int64_t began_ns, std::int64_t ended_ns) {
  if (pinned_) return;
  busy_ns_ += ended_ns - began_ns;
  const std::int64_t window_ns = ended_ns - window_began_ns_;
  if (window_ns < kPaceWindowNs) return;
  pause_ = next(pause_, static_cast<double>(busy_ns_) / static_cast<double>(window_ns));
  window_began_ns_ = ended_ns;
  busy_ns_ = 0;
}

FlushPacer::Pause FlushPacer::next(Pause pause, double busy_part) noexcept {
  constexpr Pause kLongest = limits::kFlushPause;
  if (busy_part > kBusy) return std::clamp(pause * 2, kFirstPause, kLongest);
  if (busy_part > kQuiet) return pause;
  return pause <= kFirstPause ? Pause{0} : pause / 2;
}

}  // namespace bulkhead::supervisor
