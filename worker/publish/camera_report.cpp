#include "worker/publish/camera_report.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

std::uint32_t to_ms(std::chrono::milliseconds time) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, kMost));
}

}  // namespace

CameraReport::CameraReport(ResultPublisher& publisher, std::shared_ptr<const Redactor> redactor)
    : publisher_{publisher}, redactor_{std::move(redactor)} {}

void CameraReport::model_loaded() {
  const MutexLock lock{mutex_};
  model_loaded_ = true;
  if (auto change = std::exchange(held_back_, std::nullopt)) say(std::move(*change));
}

void CameraReport::connecting() {
  const MutexLock lock{mutex_};
  live_from_ = 0;
  live_ = false;
  say({.state = ipc::CameraState::Connecting, .text = {}});
}

void CameraReport::first_frame(std::uint64_t frame_id) {
  const MutexLock lock{mutex_};
  live_from_ = frame_id;
}

void CameraReport::lost(const Error& error, std::chrono::milliseconds retry_in) {
  const MutexLock lock{mutex_};
  live_from_ = 0;
  live_ = false;
  say({.state = ipc::CameraState::Lost,
       .reason = error.code,
       .text = printable_text(redactor_->redact(error.message), limits::kReasonBytes),
       .retry_in_ms = to_ms(retry_in)});
  say_dark(false, "the connection to the camera is lost");
}

void CameraReport::frozen() {
  const MutexLock lock{mutex_};
  if (!live_) return;  // the frame was of a connection that is lost
  say({.state = ipc::CameraState::Frozen,
       .reason = ErrorCode::Frozen,
       .text = "the camera sends the same picture over and over"});
}

void CameraReport::moves_again() {
  const MutexLock lock{mutex_};
  if (live_) say({.state = ipc::CameraState::Live, .text = {}});
}

void CameraReport::dark() {
  const MutexLock lock{mutex_};
  if (live_) say_dark(true, "the picture is black, or the lens is covered");
}

void CameraReport::sees_again() {
  const MutexLock lock{mutex_};
  say_dark(false, "the picture shows something again");
}

void CameraReport::finished() { finished_.store(true, std::memory_order_release); }

bool CameraReport::waits_for(std::uint64_t frame_id) {
  const MutexLock lock{mutex_};
  return live_from_ != 0 && frame_id >= live_from_;
}

bool CameraReport::inferred(std::uint64_t frame_id) {
  const MutexLock lock{mutex_};
  if (live_from_ == 0 || frame_id < live_from_) return false;
  live_from_ = 0;
  live_ = true;
  say({.state = ipc::CameraState::Live, .text = {}});
  return true;
}

void CameraReport::end_of_clip() {
  const MutexLock lock{mutex_};
  if (std::exchange(end_said_, true)) return;
  say({.state = ipc::CameraState::Lost,
       .reason = ErrorCode::EndOfStream,
       .text = "the clip is at its end"});
}

void CameraReport::say_dark(bool active, std::string text) {
  if (std::exchange(dark_, active) == active) return;
  publisher_.publish(
      ipc::PriorityClass::Critical,
      ipc::Alert{.kind = ipc::AlertKind::DarkPicture, .active = active, .text = std::move(text)});
}

void CameraReport::say(ipc::CameraChange change) {
  if (!model_loaded_) {
    held_back_ = std::move(change);
    return;
  }
  publisher_.publish(ipc::PriorityClass::Control, std::move(change));
}

}  // namespace bulkhead::worker
