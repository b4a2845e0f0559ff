#include "worker/source/pipeline_run.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

std::int64_t ns(std::chrono::nanoseconds time) { return time.count(); }

std::string in_seconds(std::chrono::milliseconds time) {
  std::string tenths = std::to_string(time.count() / 100);
  if (tenths.size() < 2) tenths.insert(0, "0");
  tenths.insert(tenths.size() - 1, ".");
  return tenths + " s";
}

// Any message ends a wait on the bus; this one has no other meaning.
void wake(GstBus* bus) {
  gst_bus_post(bus, gst_message_new_application(nullptr, gst_structure_new_empty("wake")));
}

}  // namespace

PipelineRun::PipelineRun(GstOwned<GstElement> pipeline, std::shared_ptr<PictureTap> tap,
                         const SourceLimits& limits)
    : pipeline_{std::move(pipeline)},
      bus_{gst_element_get_bus(pipeline_.get())},
      tap_{std::move(tap)},
      limits_{limits} {}

PipelineRun::~PipelineRun() {
  if (pipeline_) take_down();
}

Result<> PipelineRun::play(Begin begin, const Judge& judge, std::stop_token stop) {
  started_ns_ = monotonic_ns();
  if (begin == Begin::Connected) connected_ns_ = started_ns_;
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);  // a failure is a message on the bus
  Result<> ended = wait_for_end(judge, stop);
  if (take_down()) return ended;
  std::string message = "The video pipeline did not stop within " + in_seconds(limits_.teardown);
  if (!ended) message += " after: " + ended.error().message;
  return Error{ErrorCode::WorkerHung, std::move(message), {}};
}

Result<> PipelineRun::wait_for_end(const Judge& judge, const std::stop_token& stop) {
  const std::stop_callback waking{stop, [this] { wake(bus_.get()); }};
  while (!stop.stop_requested()) {
    const Deadline limit = deadline();
    const std::int64_t left = limit.at_ns - monotonic_ns();
    const GstOwned<GstMessage> message{
        gst_bus_timed_pop(bus_.get(), static_cast<GstClockTime>(std::max<std::int64_t>(left, 0)))};
    if (!message) {
      // Frames that came during the wait have moved the deadline.
      if (const Deadline now = deadline(); now.at_ns <= monotonic_ns()) return now.error;
      continue;
    }
    if (std::optional<Error> error = posted_error(message.get())) return std::move(*error);
    if (std::optional<Error> error = judge(message.get())) return std::move(*error);
    note_progress(message.get());
  }
  return {};
}

PipelineRun::Deadline PipelineRun::deadline() const {
  const std::int64_t last_frame_ns = tap_->last_frame_ns();
  const std::uint64_t undecoded = tap_->received_since_frame();
  if (connected_ns_ == 0 && last_frame_ns == 0 && undecoded == 0) {
    return {started_ns_ + ns(limits_.connect),
            {ErrorCode::ConnectFailed,
             "The camera did not answer and start to play within " + in_seconds(limits_.connect),
             {}}};
  }
  if (tap_->is_waiting_for_ring()) {
    return {monotonic_ns() + ns(limits_.stall), {ErrorCode::Internal, {}, {}}};
  }
  const bool is_first = last_frame_ns == 0;
  const std::chrono::milliseconds limit = is_first ? limits_.first_frame : limits_.stall;
  const std::int64_t since = is_first ? std::max(connected_ns_, started_ns_) : last_frame_ns;
  if (undecoded > 0) {
    return {since + ns(limit),
            {ErrorCode::DecodeError,
             std::to_string(undecoded) + " pictures arrived within " + in_seconds(limit) +
                 " but none could be decoded",
             {}}};
  }
  return {since + ns(limit), {ErrorCode::Stalled, "No picture came for " + in_seconds(limit), {}}};
}

void PipelineRun::note_progress(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) {
    gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
  }
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_PROGRESS || connected_ns_ != 0) return;
  GstProgressType type = GST_PROGRESS_TYPE_ERROR;
  gchar* code = nullptr;
  gst_message_parse_progress(message, &type, &code, nullptr);
  const GstOwned<gchar> owned{code};
  if (type == GST_PROGRESS_TYPE_COMPLETE && std::string_view{code} == "request") {
    connected_ns_ = monotonic_ns();
  }
}

bool PipelineRun::take_down() {
  tap_->close();
  struct Completion {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto completion = std::make_shared<Completion>();
  // Detached, because a join would hang as long as it does. It owns all it touches.
  std::thread{[pipeline = std::move(pipeline_), completion]() mutable {
    ::pthread_setname_np(::pthread_self(), "teardown");
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    pipeline.reset();
    {
      const std::lock_guard lock{completion->mutex};
      completion->done = true;
    }
    completion->changed.notify_all();
  }}.detach();
  std::unique_lock lock{completion->mutex};
  return completion->changed.wait_for(lock, limits_.teardown, [&] { return completion->done; });
}

}  // namespace bulkhead::worker
