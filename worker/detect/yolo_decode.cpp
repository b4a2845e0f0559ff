#include "worker/detect/yolo_decode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bulkhead::worker {

namespace {

struct BestClass {
  std::uint32_t id = 0;
  float score = 0;
};

BestClass best_class(const float* scores, std::uint32_t classes) {
  const float* best = std::max_element(scores, scores + classes);
  return {static_cast<std::uint32_t>(best - scores), *best};
}

/// A box by its centre, as all layouts but the last have it.
struct Centred {
  float x;
  float y;
  float width;
  float height;
};

void append(const Candidate& box, const DecodeFilter& filter, std::vector<Candidate>& out) {
  if (!filter.wanted_labels.empty() && !filter.wanted_labels[box.label_id]) return;
  // One sum finds any coordinate that is infinite or no number.
  if (!std::isfinite(box.left + box.top + box.right + box.bottom)) return;
  out.push_back(box);
}

void append(const Centred& box, BestClass best, float confidence, const DecodeFilter& filter,
            std::vector<Candidate>& out) {
  append({box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2,
          box.y + box.height / 2, confidence, static_cast<std::uint16_t>(best.id)},
         filter, out);
}

}  // namespace

void decode_yolox(const OutputView& output, std::uint32_t classes, InputSize input,
                  const DecodeFilter& filter, std::vector<Candidate>& out) {
  const std::size_t step = std::size_t{5} + classes;
  const float* row = output.values.data();
  for (const std::uint32_t stride : kStrides) {
    const auto scale = static_cast<float>(stride);
    for (std::uint32_t y = 0; y < input.height / stride; ++y) {
      for (std::uint32_t x = 0; x < input.width / stride; ++x, row += step) {
        // Classes are at most 1: most cells are done with after one look at their objectness.
        if (!(row[4] >= filter.min_confidence)) continue;
        const BestClass best = best_class(row + 5, classes);
        const float confidence = row[4] * best.score;
        if (!(confidence >= filter.min_confidence)) continue;
        const Centred box{(row[0] + static_cast<float>(x)) * scale,
                          (row[1] + static_cast<float>(y)) * scale, std::exp(row[2]) * scale,
                          std::exp(row[3]) * scale};
        append(box, best, confidence, filter, out);
      }
    }
  }
}

void decode_yolov5(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                   std::vector<Candidate>& out) {
  const std::size_t step = std::size_t{5} + classes;
  const float* const end = output.values.data() + output.values.size();
  for (const float* row = output.values.data(); row != end; row += step) {
    if (!(row[4] >= filter.min_confidence)) continue;
    const BestClass best = best_class(row + 5, classes);
    const float confidence = row[4] * best.score;
    if (!(confidence >= filter.min_confidence)) continue;
    append(Centred{row[0], row[1], row[2], row[3]}, best, confidence, filter, out);
  }
}

void decode_yolov8(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                   std::vector<Candidate>& out) {
  // Class by class over a block of boxes: rows are read in the order they lie in memory, and the
  // inner loop has no branch, so compilers make vectors of it.
  constexpr std::size_t kBlock = 256;
  constexpr std::int32_t kNone = -1;
  const std::size_t boxes = output.values.size() / (std::size_t{4} + classes);
  const float* const values = output.values.data();
  // "More than the next smaller number" is "at least".
  const float start =
      std::nextafter(filter.min_confidence, -std::numeric_limits<float>::infinity());

  std::array<float, kBlock> best;
  std::array<std::int32_t, kBlock> id;
  for (std::size_t first = 0; first < boxes; first += kBlock) {
    const std::size_t count = std::min(kBlock, boxes - first);
    best.fill(start);
    id.fill(kNone);
    for (std::uint32_t c = 0; c < classes; ++c) {
      const float* const scores = values + (std::size_t{4} + c) * boxes + first;
      const auto label = static_cast<std::int32_t>(c);
      for (std::size_t i = 0; i < count; ++i) {
        const bool better = scores[i] > best[i];
        best[i] = better ? scores[i] : best[i];
        id[i] = better ? label : id[i];
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (id[i] == kNone) continue;
      const float* const box = values + first + i;
      append(Centred{box[0], box[boxes], box[2 * boxes], box[3 * boxes]},
             {static_cast<std::uint32_t>(id[i]), best[i]}, best[i], filter, out);
    }
  }
}

void decode_end_to_end(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                       std::vector<Candidate>& out) {
  constexpr std::size_t kStep = 6;
  const float* const end = output.values.data() + output.values.size();
  for (const float* row = output.values.data(); row != end; row += kStep) {
    if (!(row[4] >= filter.min_confidence)) continue;
    if (!(row[5] >= 0 && row[5] < static_cast<float>(classes))) continue;
    append({row[0], row[1], row[2], row[3], row[4], static_cast<std::uint16_t>(row[5])}, filter,
           out);
  }
}

}  // namespace bulkhead::worker
