#include "tests/support/attempt.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <utility>

#include "worker/source/gst_start.hpp"

namespace bulkhead::test {

namespace {

std::mutex log_mutex;
std::string log_text;

}  // namespace

void start_gstreamer() {
  static const Result<> started = worker::gst_start(
      BULKHEAD_TEST_CACHE_DIR,
      [](std::string_view level, std::string_view category, std::string_view text) {
        const std::lock_guard lock{log_mutex};
        log_text.append(level).append(" ").append(category).append(" ").append(text).append("\n");
      });
  ASSERT_TRUE(started) << started.error().message;
}

std::string gstreamer_log() {
  const std::lock_guard lock{log_mutex};
  return log_text;
}

Attempt::Attempt(Result<std::unique_ptr<worker::FrameSource>> source, Ring ring)
    : ring_{ring.frames, ring.when_full},
      outlet_{ring_,
              counters_,
              {},
              [this](const std::optional<RtspSession>& now) {
                const std::lock_guard lock{sessions_mutex_};
                sessions_.push_back(now);
              }},
      source_{std::move(source).value()},
      thread_{[this](const std::stop_token& stop) {
        const auto began = std::chrono::steady_clock::now();
        outlet_.begin_attempt();
        Result<> result = source_->run_once(outlet_, stop);
        lasted_ = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - began);
        ended_.set_value(std::move(result));
      }} {}

std::optional<worker::Frame> Attempt::next_frame() {
  const auto give_up = std::chrono::steady_clock::now() + kHangLimit;
  constexpr std::chrono::milliseconds kLook{100};
  while (std::chrono::steady_clock::now() < give_up) {
    if (auto frame = ring_.pop({}, kLook)) return frame;
    if (future_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) continue;
    const Result<> ended = future_.get();
    ADD_FAILURE() << "no frame: " << (ended ? "stopped" : ended.error().message);
    return std::nullopt;
  }
  ADD_FAILURE() << "no frame";
  return std::nullopt;
}

Error Attempt::end() {
  const Result<> ended = join();
  EXPECT_FALSE(ended) << "the source ended without a reason";
  return ended ? Error{ErrorCode::None, {}, {}} : ended.error();
}

Result<> Attempt::stop() {
  thread_.request_stop();
  return join();
}

Result<> Attempt::join() {
  if (future_.wait_for(kHangLimit) != std::future_status::ready) {
    ADD_FAILURE() << "the source does not end";
    std::abort();
  }
  return future_.get();
}

}  // namespace bulkhead::test
