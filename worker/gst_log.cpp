#include "worker/gst_log.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/redaction.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::worker {

namespace {

spdlog::level::level_enum level_of(std::string_view name) {
  if (name == "error") return spdlog::level::err;
  if (name == "warn") return spdlog::level::warn;
  if (name == "info") return spdlog::level::info;
  return spdlog::level::debug;
}

/// rtspsrc tells the headers of requests, each alone or all of them.
std::string_view without_authorization(std::string_view text) {
  constexpr std::string_view kWord = "authorization";
  const auto same = [](char c, char lower) {
    return c == lower || (c >= 'A' && c <= 'Z' && c - 'A' == lower - 'a');
  };
  const auto* const found = std::search(text.begin(), text.end(), kWord.begin(), kWord.end(), same);
  if (found == text.end()) return text;
  return text.substr(0, static_cast<std::size_t>(found - text.begin()) + kWord.size());
}

}  // namespace

void GstLog::open(std::shared_ptr<spdlog::logger> log) {
  const MutexLock lock{mutex_};
  log_ = std::move(log);
}

void GstLog::write(std::string_view level, std::string_view category, std::string_view text) {
  const std::int64_t now_ns = monotonic_ns();
  const MutexLock lock{mutex_};
  const bool in_debug = is_debugging_ && now_ns < debug_until_ns_ && debug_bytes_left_ > 0;
  const auto refused = (in_debug ? debug_throttle_ : throttle_).admit(now_ns);
  if (!refused) return;
  const std::string_view open_text = without_authorization(text);
  std::string said = log_value(open_text);
  if (open_text.size() < text.size()) said += kRedacted;
  if (in_debug) debug_bytes_left_ -= std::min(debug_bytes_left_, said.size());
  if (!log_) {
    std::fprintf(stderr, "bulkhead-worker: gstreamer category=%.*s text=%s\n",
                 static_cast<int>(category.size()), category.data(), said.c_str());
    return;
  }
  const auto its_level = level_of(level);
  if (!in_debug) {
    log_->log(its_level, "gstreamer category={} refused_before={} text={}", category, *refused,
              said);
    return;
  }
  // Asked for by name, so the log's level does not hide it.
  log_->log(std::max(its_level, log_->level()),
            "gstreamer debug={} category={} refused_before={} text={}", level, category, *refused,
            said);
}

void GstLog::begin_debug(std::int64_t until_ns) {
  const MutexLock lock{mutex_};
  is_debugging_ = true;
  debug_until_ns_ = until_ns;
  debug_bytes_left_ = limits::kGstDebugBytes;
}

bool GstLog::debug_is_over(std::int64_t now_ns) {
  const MutexLock lock{mutex_};
  return is_debugging_ && (now_ns >= debug_until_ns_ || debug_bytes_left_ == 0);
}

bool GstLog::end_debug() {
  const MutexLock lock{mutex_};
  is_debugging_ = false;
  return debug_bytes_left_ > 0;
}

}  // namespace bulkhead::worker
