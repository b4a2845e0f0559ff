#include "worker/track/kalman_box.hpp"

#include <algorithm>
#include <cmath>

namespace bulkhead::worker {

namespace {

// Standard deviations as parts of the box's size, see the header.
constexpr double kSeen = 1.0 / 20;              // of a box that a detector gives
constexpr double kFirstSeen = 2 * kSeen;        // and of the first one
constexpr double kFirstRate = 10.0 * 30 / 160;  // per second, when nothing is known of it
// Variances per second, of 30 frames.
constexpr double kWander = 30 * kSeen * kSeen;
constexpr double kAcceleration = 30 * (30.0 / 160) * (30.0 / 160);

constexpr double kLeastSide = 1;  // pixels

std::array<double, 4> numbers_of(const Box& box) {
  const auto x = static_cast<double>(box.x);
  const auto y = static_cast<double>(box.y);
  const auto w = std::max(static_cast<double>(box.w), kLeastSide);
  const auto h = std::max(static_cast<double>(box.h), kLeastSide);
  return {x + w / 2, y + h / 2, w, h};
}

double square(double number) { return number * number; }

}  // namespace

KalmanBox::KalmanBox(const Box& seen) : value_{numbers_of(seen)} {
  covariance_ = {
      .position = square(kFirstSeen * size()), .both = 0, .rate = square(kFirstRate * size())};
}

double KalmanBox::size() const noexcept { return std::sqrt(value_[2] * value_[3]); }

void KalmanBox::predict(double seconds) {
  const double t = std::max(seconds, 0.0);
  const double area = square(size());
  for (std::size_t i = 0; i < value_.size(); ++i) value_[i] += t * rate_[i];
  for (std::size_t side = 2; side < value_.size(); ++side) {
    value_[side] = std::max(value_[side], kLeastSide);
  }
  Covariance& c = covariance_;
  c.position +=
      t * (2 * c.both + t * c.rate) + area * (t * kWander + t * t * t * kAcceleration / 3);
  c.both += t * c.rate + area * t * t * kAcceleration / 2;
  c.rate += area * t * kAcceleration;
}

void KalmanBox::correct(const Box& seen) {
  Covariance& c = covariance_;
  const double whole = c.position + square(kSeen * size());
  const double gain = c.position / whole;
  const double rate_gain = c.both / whole;
  const std::array<double, 4> numbers = numbers_of(seen);
  for (std::size_t i = 0; i < value_.size(); ++i) {
    const double surprise = numbers[i] - value_[i];
    value_[i] += gain * surprise;
    rate_[i] += rate_gain * surprise;
  }
  for (std::size_t side = 2; side < value_.size(); ++side) {
    value_[side] = std::max(value_[side], kLeastSide);
  }
  c.rate -= rate_gain * c.both;
  c.both -= gain * c.both;
  c.position -= gain * c.position;
}

void KalmanBox::hold_size() noexcept { rate_[2] = rate_[3] = 0; }

Box KalmanBox::box() const noexcept {
  return {static_cast<float>(value_[0] - value_[2] / 2),
          static_cast<float>(value_[1] - value_[3] / 2), static_cast<float>(value_[2]),
          static_cast<float>(value_[3])};
}

}  // namespace bulkhead::worker
