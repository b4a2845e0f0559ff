#include "supervisor/session/handover.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::size_t kSteps = 32;
constexpr std::size_t kFewSteps = 5;                   // say nothing yet
constexpr std::int64_t kUsualFrameNs = 40 * kNsPerMs;  // 25 frames a second

std::int64_t median(std::vector<std::int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::int64_t ns_of(Millis time) { return std::chrono::nanoseconds{time}.count(); }

}  // namespace

Handover::Handover(const HandoverLimits& limits, const Intervals& intervals)
    : limits_{limits}, intervals_{intervals} {}

void Handover::measure(const Stamp& before, const Stamp& stamp) {
  if (intervals_.result_ns > 0 || steps_ns_.size() >= kSteps) return;
  steps_ns_.push_back(stamp.arrival_ns - before.arrival_ns);
}

std::int64_t Handover::usual_step() const {
  if (intervals_.result_ns > 0) return intervals_.result_ns;
  return steps_ns_.empty() ? kUsualFrameNs : median(steps_ns_);
}

void Handover::settle_intervals() {
  intervals_.result_ns = std::max<std::int64_t>(usual_step(), 1);
  if (intervals_.frame_ns <= 0) intervals_.frame_ns = intervals_.result_ns;
  intervals_.result_ns = std::max(intervals_.result_ns, intervals_.frame_ns);
}

Handover::Verdict Handover::of_old(const Stamp& stamp) {
  if (complete_) return Verdict::Drop;
  if (boundary_ && is_past_boundary(stamp)) {
    complete_ = true;
    return Verdict::Drop;
  }
  // Results with objects overtake those without in the rings.
  if (old_last_ && stamp.arrival_ns < old_last_->arrival_ns) return Verdict::Publish;
  if (old_last_) measure(*old_last_, stamp);
  old_last_ = stamp;
  return Verdict::Publish;
}

Handover::Verdict Handover::of_new(std::int64_t now_ns, const Stamp& stamp) {
  watch_settling(now_ns, stamp);
  if (new_last_) measure(*new_last_, stamp);
  new_last_ = stamp;
  if (!boundary_) try_to_decide(now_ns);
  if (!boundary_) return Verdict::Drop;
  // A camera may set its clock back; nobody shall be silent for that.
  if (!is_past_boundary(stamp) && now_ns < owed_until_ns_) return Verdict::Drop;
  if (!new_first_published_) new_first_published_ = stamp;
  return complete_ ? Verdict::Publish : Verdict::Hold;
}

void Handover::watch_settling(std::int64_t now_ns, const Stamp& stamp) {
  if (!new_last_) {
    new_since_ns_ = now_ns;
  } else {
    const bool timed = stamp.camera_ns != 0 && new_last_->camera_ns != 0;
    const std::int64_t step =
        timed ? stamp.camera_ns - new_last_->camera_ns : stamp.arrival_ns - new_last_->arrival_ns;
    if (new_steps_ns_.size() < kSteps) new_steps_ns_.push_back(step);
    const std::int64_t own = new_steps_ns_.size() < kFewSteps ? 0 : median(new_steps_ns_);
    if (step > std::max(usual_step(), own) * 3 / 2) row_ = 0;
  }
  if (row_++ == 0) row_since_ns_ = now_ns;
}

bool Handover::has_settled(std::int64_t now_ns) const {
  const bool in_a_row =
      row_ >= limits_.settled_results && now_ns - row_since_ns_ >= ns_of(limits_.settled_for);
  // One that never keeps up with its camera will not do so by being waited for.
  return in_a_row || now_ns - new_since_ns_ >= ns_of(limits_.settling);
}

void Handover::try_to_decide(std::int64_t now_ns) {
  if (!complete_) {
    if (!has_settled(now_ns)) return;
    const bool clock_may_come = old_last_ && old_last_->camera_ns != 0 &&
                                new_last_->camera_ns == 0 &&
                                now_ns - new_since_ns_ < ns_of(limits_.camera_clock);
    if (clock_may_come) return;
  }
  settle_intervals();
  by_camera_ = new_last_->camera_ns != 0 && (!old_last_ || old_last_->camera_ns != 0);
  const std::int64_t half = intervals_.frame_ns / 2;
  const std::int64_t from_new = position(*new_last_) - half;
  owed_until_ns_ = now_ns + ns_of(limits_.owed) + 2 * intervals_.result_ns;
  if (!old_last_) {
    boundary_ = from_new;
    complete_ = true;
    return;
  }
  // Half a frame after what the old worker has told, where its next result would be one that the
  // new worker has or will have: nothing is owed. The new one only is ahead by more than that when
  // the old one is slower; then it has to catch up first.
  const std::int64_t from_old = position(*old_last_) + half;
  const bool nothing_owed =
      position(*new_last_) - position(*old_last_) <= intervals_.result_ns + intervals_.frame_ns / 4;
  complete_ = complete_ || nothing_owed;
  boundary_ = complete_ ? from_old : from_new;
}

bool Handover::complete(std::int64_t now_ns) {
  if (boundary_ && now_ns >= owed_until_ns_) complete_ = true;
  return complete_ && boundary_;
}

void Handover::force() noexcept { complete_ = true; }

bool Handover::is_past_boundary(const Stamp& stamp) const noexcept {
  const bool connected_anew = by_camera_ && stamp.camera_ns == 0;  // its clock is not known yet
  return connected_anew || position(stamp) >= *boundary_;
}

std::int64_t Handover::position(const Stamp& stamp) const noexcept {
  return by_camera_ ? stamp.camera_ns : stamp.arrival_ns;
}

std::optional<Handover::Cost> Handover::cost() const {
  if (!new_first_published_) return std::nullopt;
  if (!old_last_) return Cost{};
  const auto apart = static_cast<double>(position(*new_first_published_) - position(*old_last_));
  const double results = std::round(apart / static_cast<double>(intervals_.result_ns));
  return Cost{.lost_frames = static_cast<std::uint64_t>(std::max(0.0, results - 1)),
              .duplicate_frames = apart < static_cast<double>(intervals_.frame_ns) / 2 ? 1U : 0U};
}

}  // namespace bulkhead::supervisor
