#include "worker/pipeline/detect_loop.hpp"

#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

/// How long the loop sleeps at most without looking at what else is due.
constexpr std::chrono::milliseconds kFrameWait{250};

void add(std::atomic<std::uint64_t>& total, std::int64_t amount) noexcept {
  total.fetch_add(static_cast<std::uint64_t>(amount), ipc::kCounterOrder);
}

}  // namespace

DetectLoop::DetectLoop(Stages stages, double max_fps, const FrameRules& rules)
    : stages_{std::move(stages)},
      max_fps_{max_fps},
      rules_{rules},
      gate_{max_fps, rules.every_n},
      timer_{stages_.status} {
  if (rules_.motion) motion_.emplace(rules_);
}

Result<> DetectLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    timer_.enter(waiting_);
    // Asked before the look into the ring: a source that had finished by then has pushed all.
    const bool finished = stages_.camera.has_finished();
    const auto frame = stages_.ring.pop(stop, kFrameWait);
    if (!frame) {
      if (finished && !stop.stop_requested()) stages_.camera.end_of_clip();
      take_context();
      if (stages_.wait) publish(stages_.wait());
      stages_.publisher.flush();
      continue;
    }
    waiting_ = ipc::Stage::WaitingForFrame;
    tune();
    take_context();
    take(*frame);
    if (!is_chosen(*frame)) continue;
    if (auto done = infer_and_publish(*frame); !done) return done;
  }
  return {};
}

void DetectLoop::tune() {
  const auto tuning = stages_.tuning.take();
  if (!tuning) return;
  if (tuning->max_fps != max_fps_ || tuning->frames.every_n != rules_.every_n) {
    max_fps_ = tuning->max_fps;
    gate_ = FrameRateGate{max_fps_, tuning->frames.every_n};
  }
  if (tuning->frames != rules_) {
    rules_ = tuning->frames;
    motion_.reset();
    if (rules_.motion) motion_.emplace(rules_);
  }
  if (stages_.tune) stages_.tune(*tuning);
  repeatable_.reset();  // the bits of its objects may mean other zones now
}

void DetectLoop::take_context() {
  auto context = stages_.context.take();
  if (!context || *context == context_) return;
  context_ = *std::move(context);
  // What was found for somebody stays theirs when they leave.
  if (!context_.id.empty()) patch();
}

void DetectLoop::patch() {
  constexpr std::int64_t kAgeNs = std::chrono::nanoseconds{limits::kPatchAge}.count();
  if (!repeatable_ || monotonic_ns() - repeatable_->detection.arrival_ns > kAgeNs) return;
  Detection patch = repeatable_->detection;
  patch.context = context_;
  patch.patch_of = repeatable_->sequence;
  constexpr auto kPriority = ipc::PriorityClass::Important;
  const Sequence sequence = stages_.publisher.publish(kPriority, patch);
  if (stages_.kept != nullptr) stages_.kept->keep(sequence, kPriority, patch);
}

void DetectLoop::take(const Frame& frame) {
  stages_.preview.keep(frame);
  stages_.status.source_width.store(frame.width, ipc::kCounterOrder);
  stages_.status.source_height.store(frame.height, ipc::kCounterOrder);
}

bool DetectLoop::is_chosen(const Frame& frame) {
  if (!gate_.admit(frame.id, frame.arrival_ns)) {
    stages_.status.frames_skipped_total.fetch_add(1, ipc::kCounterOrder);
    return false;
  }
  if (!motion_ || motion_->admit(frame) || stages_.camera.waits_for(frame.id)) return true;
  stages_.status.frames_rested_total.fetch_add(1, ipc::kCounterOrder);
  // A camera that sends the same picture for ever rests for ever: that is when to look.
  watch_picture(frame);
  return false;
}

Result<> DetectLoop::infer_and_publish(const Frame& frame) {
  timer_.enter(ipc::Stage::Inferring);
  auto inference = stages_.infer(frame);
  if (!inference) return std::move(inference).error();
  timer_.enter(ipc::Stage::Publishing);
  count(*inference);
  // Live before the detection: who reads in order of sequence never sees a result of a camera
  // that is not there.
  if (stages_.camera.inferred(frame.id)) {
    frozen_picture_ = {};  // another connection, and nothing said of it yet
    dark_picture_ = {};
    if (stages_.on_first_inferred) stages_.on_first_inferred();
  }
  if (stages_.snapshots != nullptr) {
    stages_.snapshots->observe(frame, inference->objects, inference->events);
  }
  publish(std::move(inference->events));
  const auto priority =
      inference->objects.empty() ? ipc::PriorityClass::Bulk : ipc::PriorityClass::Important;
  Detection detection{.frame_id = frame.id,
                      .capture_wall_ns = frame.capture_wall_ns,
                      .camera_ns = frame.camera_ns,
                      .arrival_ns = frame.arrival_ns,
                      .infer_us = inference->times.infer_us,
                      .width = frame.width,
                      .height = frame.height,
                      .objects = std::move(inference->objects),
                      .context = context_};
  const Sequence sequence = stages_.publisher.publish(priority, detection);
  // After those who look now have it.
  if (stages_.kept != nullptr) stages_.kept->keep(sequence, priority, detection);
  add(stages_.status.publish_ns_total, timer_.enter(waiting_));
  if (stages_.told) stages_.told(frame, detection, inference->detect_cpu_ns);
  if (!detection.objects.empty()) repeatable_ = Repeatable{sequence, std::move(detection)};
  // After the frame has made its camera live.
  watch_picture(frame);
  return {};
}

void DetectLoop::watch_picture(const Frame& frame) {
  if (const auto froze = frozen_picture_.observe(frame)) {
    *froze ? stages_.camera.frozen() : stages_.camera.moves_again();
  }
  if (const auto darkened = dark_picture_.observe(frame)) {
    *darkened ? stages_.camera.dark() : stages_.camera.sees_again();
  }
}

void DetectLoop::publish(std::vector<ClassedEvent> events) {
  for (ClassedEvent& classed : events) {
    classed.event.context = context_;
    const Sequence sequence = stages_.publisher.publish(classed.priority, classed.event);
    if (stages_.kept != nullptr) stages_.kept->keep(sequence, classed.priority, classed.event);
  }
}

void DetectLoop::count(const Inference& inference) noexcept {
  constexpr std::int64_t kNsPerUs = 1000;
  ipc::StatusPage& status = stages_.status;
  add(status.letterbox_ns_total, inference.times.letterbox_us * kNsPerUs);
  add(status.infer_ns_total, inference.times.infer_us * kNsPerUs);
  add(status.decode_ns_total, inference.times.decode_us * kNsPerUs);
  add(status.track_ns_total, inference.track_ns);
  add(status.crop_ns_total, inference.crop_ns);
  status.crops_total.fetch_add(inference.crops.looked, ipc::kCounterOrder);
  status.crops_skipped_total.fetch_add(inference.crops.skipped, ipc::kCounterOrder);
  status.frames_inferred_total.fetch_add(1, ipc::kCounterOrder);
  status.objects_total.fetch_add(inference.objects.size(), ipc::kCounterOrder);
}

}  // namespace bulkhead::worker
