#pragma once

#include <array>

#include "common/detection.hpp"

namespace bulkhead::worker {

/// Where a moving box is and will be: a Kalman filter for its centre and its sides, each of them
/// with a velocity that stays as it is but for noise.
///
/// Noise goes by time, not by frames: predicting over a second in one step gives the same as in
/// ten, so dropped frames and a rate that varies change nothing. It is white noise on acceleration
/// and a random walk of the position (Y. Bar-Shalom et al., "Estimation with Applications to
/// Tracking and Navigation", 2001, 6.2.2), in proportion to the box's size, which is the geometric
/// mean of its sides. Its strength is that of DeepSORT (N. Wojke et al., 2017, and its published
/// code: each frame of 30 a second, 1/20 of the height for the position, 1/160 for the velocity),
/// turned into noise per second. As all four numbers have the same noise they share one covariance.
///
/// A value; pixels and seconds.
class KalmanBox {
 public:
  explicit KalmanBox(const Box& seen);

  /// `seconds` later, at least 0. Uncertainty grows; a side is never less than a pixel.
  void predict(double seconds);

  /// It was seen here, now.
  void correct(const Box& seen);

  /// Sides stop growing or shrinking: of what is hidden only the way is worth following.
  void hold_size() noexcept;

  [[nodiscard]] Box box() const noexcept;

  /// Pixels per second of the centre.
  [[nodiscard]] std::array<double, 2> velocity() const noexcept { return {rate_[0], rate_[1]}; }

  /// Variance of each number that is followed, and of its rate; what both have in common.
  struct Covariance {
    double position = 0;
    double both = 0;
    double rate = 0;
  };
  [[nodiscard]] const Covariance& covariance() const noexcept { return covariance_; }

 private:
  [[nodiscard]] double size() const noexcept;

  std::array<double, 4> value_;   // centre x and y, width, height
  std::array<double, 4> rate_{};  // of each, per second
  Covariance covariance_;
};

}  // namespace bulkhead::worker
