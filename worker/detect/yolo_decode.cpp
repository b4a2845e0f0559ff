#include "worker/detect/yolo_decode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/detect/vector_clones.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kBlock = 256;       // boxes of YOLOv8 decoded at once
constexpr std::int32_t kNone = -1;        // no class is confident enough
constexpr std::size_t kEndToEndStep = 6;  // numbers of a box

/// A box by its centre, as all layouts but the last have it.
struct Centred {
  float x;
  float y;
  float width;
  float height;
};

void append(const Candidate& box, const DecodeFilter& filter, std::vector<Candidate>& out) {
  if (!filter.wanted_labels.empty() && !filter.wanted_labels[box.label_id]) return;
  if (!(box.confidence >= filter.min_confidence.of(box.label_id))) return;
  // One sum finds any coordinate that is infinite or no number.
  if (!std::isfinite(box.left + box.top + box.right + box.bottom)) return;
  out.push_back(box);
}

void append(const Centred& box, std::uint32_t label, float confidence, const DecodeFilter& filter,
            std::vector<Candidate>& out) {
  append({box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2,
          box.y + box.height / 2, confidence, static_cast<std::uint16_t>(label)},
         filter, out);
}

/// The classes of one box whose scores lie side by side.
void append_classes(const Centred& box, float objectness, std::span<const float> scores,
                    const DecodeFilter& filter, std::vector<Candidate>& out) {
  if (filter.every_class) {
    for (std::uint32_t c = 0; c < scores.size(); ++c) {
      append(box, c, objectness * scores[c], filter, out);
    }
  } else {
    const auto best = std::ranges::max_element(scores);
    append(box, static_cast<std::uint32_t>(best - scores.begin()), objectness * *best, filter, out);
  }
}

}  // namespace

void decode_yolox(const OutputView& output, std::uint32_t classes, InputSize input,
                  const DecodeFilter& filter, std::vector<Candidate>& out) {
  const std::size_t step = std::size_t{5} + classes;
  const float least = filter.min_confidence.least();
  const float* row = output.values.data();
  for (const std::uint32_t stride : kStrides) {
    const auto scale = static_cast<float>(stride);
    for (std::uint32_t y = 0; y < input.height / stride; ++y) {
      for (std::uint32_t x = 0; x < input.width / stride; ++x, row += step) {
        // Classes are at most 1: most cells are done with after one look at their objectness.
        if (!(row[4] >= least)) continue;
        const Centred box{(row[0] + static_cast<float>(x)) * scale,
                          (row[1] + static_cast<float>(y)) * scale, std::exp(row[2]) * scale,
                          std::exp(row[3]) * scale};
        append_classes(box, row[4], {row + 5, classes}, filter, out);
      }
    }
  }
}

void decode_yolov5(const OutputView& output, std::uint32_t classes, std::uint32_t skipped,
                   const DecodeFilter& filter, std::vector<Candidate>& out) {
  const std::size_t first = std::size_t{5} + skipped;
  const std::size_t step = first + classes;
  const float least = filter.min_confidence.least();
  const float* const end = output.values.data() + output.values.size();
  for (const float* row = output.values.data(); row != end; row += step) {
    if (!(row[4] >= least)) continue;
    append_classes({row[0], row[1], row[2], row[3]}, row[4], {row + first, classes}, filter, out);
  }
}

namespace {

/// Layouts `1×(4+C)×N` keep each number of all boxes as a row.
struct RowsOfBoxes {
  const float* values;
  std::size_t boxes;

  [[nodiscard]] Centred box(std::size_t i) const {
    const float* const first = values + i;
    return {first[0], first[boxes], first[2 * boxes], first[3 * boxes]};
  }
  [[nodiscard]] const float* scores(std::uint32_t label) const {
    return values + (std::size_t{4} + label) * boxes;
  }
};

/// The best class of each box of a block, as far as it is better than what `best` starts with.
///
/// Class by class: rows are read in the order they lie in memory, and the inner loop has no branch,
/// so compilers make vectors of it.
BULKHEAD_VECTOR_CLONES
void find_best(const float* __restrict scores, std::size_t row_step, std::uint32_t classes,
               std::size_t count, float* __restrict best, std::int32_t* __restrict id) {
  for (std::uint32_t c = 0; c < classes; ++c, scores += row_step) {
    const auto label = static_cast<std::int32_t>(c);
    for (std::size_t i = 0; i < count; ++i) {
      const bool better = scores[i] > best[i];
      best[i] = better ? scores[i] : best[i];
      id[i] = better ? label : id[i];
    }
  }
}

void append_every_class(const RowsOfBoxes& rows, std::uint32_t classes, const DecodeFilter& filter,
                        std::vector<Candidate>& out) {
  for (std::uint32_t c = 0; c < classes; ++c) {
    const float* const scores = rows.scores(c);
    const float least = filter.min_confidence.of(static_cast<std::uint16_t>(c));
    for (std::size_t i = 0; i < rows.boxes; ++i) {
      if (scores[i] >= least) append(rows.box(i), c, scores[i], filter, out);
    }
  }
}

}  // namespace

void decode_yolov8(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                   std::vector<Candidate>& out) {
  const RowsOfBoxes rows{output.values.data(), output.values.size() / (std::size_t{4} + classes)};
  if (filter.every_class) return append_every_class(rows, classes, filter, out);

  // "More than the next smaller number" is "at least".
  const float start =
      std::nextafter(filter.min_confidence.least(), -std::numeric_limits<float>::infinity());
  std::array<float, kBlock> best;
  std::array<std::int32_t, kBlock> id;
  for (std::size_t first = 0; first < rows.boxes; first += kBlock) {
    const std::size_t count = std::min(kBlock, rows.boxes - first);
    best.fill(start);
    id.fill(kNone);
    find_best(rows.scores(0) + first, rows.boxes, classes, count, best.data(), id.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (id[i] == kNone) continue;
      append(rows.box(first + i), static_cast<std::uint32_t>(id[i]), best[i], filter, out);
    }
  }
}

void decode_end_to_end(const OutputView& output, std::uint32_t classes, const DecodeFilter& filter,
                       std::vector<Candidate>& out) {
  const float least = filter.min_confidence.least();
  const float* const end = output.values.data() + output.values.size();
  for (const float* row = output.values.data(); row != end; row += kEndToEndStep) {
    if (!(row[4] >= least)) continue;
    if (!(row[5] >= 0 && row[5] < static_cast<float>(classes))) continue;
    append({row[0], row[1], row[2], row[3], row[4], static_cast<std::uint16_t>(row[5])}, filter,
           out);
  }
}

}  // namespace bulkhead::worker
