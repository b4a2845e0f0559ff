#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/limits.hpp"
#include "common/mutex.hpp"
#include "worker/log_throttle.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// Takes what GStreamer and its plugins say: to the camera's log once that is open, before to
/// stderr, which is the supervisor's. Throttled. Called by any thread; whoever may still talk when
/// the worker ends shares it.
///
/// While it is debugging, all that GStreamer was asked to tell is written, whatever the level of
/// the log, at limits::kGstDebugLinesPerSecond and up to limits::kGstDebugBytes. What follows the
/// word Authorization is left out always: besides the password, which the log removes, it holds
/// what one can be guessed from.
class GstLog {
 public:
  void open(std::shared_ptr<spdlog::logger> log);
  void write(std::string_view level, std::string_view category, std::string_view text);

  void begin_debug(std::int64_t until_ns);
  /// Whether it is debugging no longer by rights: its time or its bytes are over.
  [[nodiscard]] bool debug_is_over(std::int64_t now_ns);
  bool end_debug();  // false: its bytes were over

 private:
  Mutex mutex_;
  LogThrottle throttle_;
  LogThrottle debug_throttle_{limits::kGstDebugLinesPerSecond, limits::kGstDebugLinesPerSecond};
  std::shared_ptr<spdlog::logger> log_ BULKHEAD_GUARDED_BY(mutex_);
  bool is_debugging_ BULKHEAD_GUARDED_BY(mutex_) = false;
  std::int64_t debug_until_ns_ BULKHEAD_GUARDED_BY(mutex_) = 0;
  std::size_t debug_bytes_left_ BULKHEAD_GUARDED_BY(mutex_) = 0;
};

}  // namespace bulkhead::worker
