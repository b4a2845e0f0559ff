#pragma once

#include <cstddef>
#include <vector>

#include "common/result.hpp"
#include "worker/detect/detector.hpp"

namespace bulkhead::deploy {

/// Holds what two detectors find in the same pictures against each other, and their times.
///
/// Used by one thread, which is the only one that computes: what counts is its processor time,
/// whatever else the machine does. Both look at each picture, one after the other.
class Comparison {
 public:
  Comparison(worker::Detector& one, worker::Detector& other) : one_{one}, other_{other} {}

  /// Errors: those of Detector::detect.
  Result<> look_at(const worker::Frame& picture);

  [[nodiscard]] std::size_t found_by_one() const noexcept { return found_by_one_; }
  [[nodiscard]] std::size_t found_by_other() const noexcept { return found_by_other_; }

  /// Objects of one label whose boxes overlap by half, each counted once.
  [[nodiscard]] std::size_t found_by_both() const noexcept { return found_by_both_; }

  /// How many times as fast the other one is: the middle of all pictures. Needs a picture.
  [[nodiscard]] double speed_of_other() const;

 private:
  worker::Detector& one_;
  worker::Detector& other_;
  std::size_t found_by_one_ = 0;
  std::size_t found_by_other_ = 0;
  std::size_t found_by_both_ = 0;
  std::vector<double> speeds_;
};

}  // namespace bulkhead::deploy
