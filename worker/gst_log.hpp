#pragma once

#include <memory>
#include <string_view>

#include "common/mutex.hpp"
#include "worker/log_throttle.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::worker {

/// Takes what GStreamer and its plugins say: to the camera's log once that is open, before to
/// stderr, which is the supervisor's. Throttled. Called by any thread; whoever may still talk when
/// the worker ends shares it.
class GstLog {
 public:
  void open(std::shared_ptr<spdlog::logger> log);
  void write(std::string_view level, std::string_view category, std::string_view text);

 private:
  LogThrottle throttle_;
  Mutex mutex_;
  std::shared_ptr<spdlog::logger> log_ BULKHEAD_GUARDED_BY(mutex_);
};

}  // namespace bulkhead::worker
