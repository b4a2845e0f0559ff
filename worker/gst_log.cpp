#include "worker/gst_log.hpp"

#include <spdlog/logger.h>

#include <cstdio>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::worker {

namespace {

spdlog::level::level_enum level_of(std::string_view name) {
  if (name == "error") return spdlog::level::err;
  if (name == "warn") return spdlog::level::warn;
  if (name == "info") return spdlog::level::info;
  return spdlog::level::debug;
}

}  // namespace

void GstLog::open(std::shared_ptr<spdlog::logger> log) {
  const MutexLock lock{mutex_};
  log_ = std::move(log);
}

void GstLog::write(std::string_view level, std::string_view category, std::string_view text) {
  const auto refused = throttle_.admit(monotonic_ns());
  if (!refused) return;
  const MutexLock lock{mutex_};
  if (log_) {
    log_->log(level_of(level), "gstreamer category={} refused_before={} text={}", category,
              *refused, log_value(text));
  } else {
    const std::string said = log_value(text);
    std::fprintf(stderr, "bulkhead-worker: gstreamer category=%.*s text=%s\n",
                 static_cast<int>(category.size()), category.data(), said.c_str());
  }
}

}  // namespace bulkhead::worker
