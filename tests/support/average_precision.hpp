#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "common/detection.hpp"

namespace bulkhead::test {

/// An object that people marked in a picture.
struct Marked {
  Box box;
  std::uint16_t label_id = 0;
};

/// COCO's measure of a detector, over the IoU limits 0.50, 0.55 … 0.95.
struct AveragePrecision {
  double over_all_ious = 0;  // AP50:95
  double at_half = 0;        // AP50
};

/// Collects what a detector said of pictures and compares it with what people marked.
///
/// Precision is read at 101 recalls, at most 100 boxes of one class count in one picture, and each
/// class that was marked anywhere counts alike, as COCO's own evaluation has it.
class PrecisionMeter {
 public:
  /// `found` by falling confidence.
  void add(const std::vector<Marked>& marked, const std::vector<Object>& found);

  [[nodiscard]] AveragePrecision result() const;

 private:
  static constexpr std::size_t kIous = 10;

  /// One box a detector found, and at which IoU limits it is right.
  struct Judged {
    float confidence = 0;
    std::array<bool, kIous> right{};
  };
  struct OfClass {
    std::size_t marked = 0;
    std::vector<Judged> found;
  };

  static double precision(const OfClass& of_class, std::size_t iou_index);

  std::map<std::uint16_t, OfClass> classes_;
};

/// Area both share over the area either covers.
[[nodiscard]] float overlap(const Box& a, const Box& b);

}  // namespace bulkhead::test
