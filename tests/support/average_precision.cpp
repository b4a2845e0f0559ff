#include "tests/support/average_precision.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace bulkhead::test {

namespace {

constexpr std::size_t kBoxesPerClass = 100;
constexpr int kRecalls = 101;

template <class Item>
std::vector<Item> with_label(const std::vector<Item>& items, std::uint16_t label_id) {
  std::vector<Item> result;
  std::ranges::copy_if(items, std::back_inserter(result),
                       [label_id](const Item& item) { return item.label_id == label_id; });
  return result;
}

}  // namespace

float overlap(const Box& a, const Box& b) {
  const float width = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const float height = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const float shared = width * height;
  return shared / (a.w * a.h + b.w * b.h - shared);
}

void PrecisionMeter::add(const std::vector<Marked>& marked, const std::vector<Object>& found) {
  std::set<std::uint16_t> labels;
  for (const Marked& object : marked) labels.insert(object.label_id);
  for (const Object& object : found) labels.insert(object.label_id);

  for (const std::uint16_t label : labels) {
    const auto truth = with_label(marked, label);
    auto boxes = with_label(found, label);
    boxes.resize(std::min(boxes.size(), kBoxesPerClass));
    OfClass& of_class = classes_[label];
    of_class.marked += truth.size();
    const std::size_t first = of_class.found.size();
    for (const Object& box : boxes) of_class.found.push_back({box.confidence, {}});

    for (std::size_t iou = 0; iou < kIous; ++iou) {
      std::vector<bool> taken(truth.size());
      for (std::size_t b = 0; b < boxes.size(); ++b) {
        float best = 0.5F + 0.05F * static_cast<float>(iou);
        std::size_t match = truth.size();
        for (std::size_t t = 0; t < truth.size(); ++t) {
          const float shared = taken[t] ? 0 : overlap(boxes[b].box, truth[t].box);
          if (shared < best) continue;
          best = shared;
          match = t;
        }
        if (match == truth.size()) continue;
        taken[match] = true;
        of_class.found[first + b].right[iou] = true;
      }
    }
  }
}

double PrecisionMeter::precision(const OfClass& of_class, std::size_t iou_index) {
  std::vector<Judged> found = of_class.found;
  std::ranges::stable_sort(found, std::greater{}, &Judged::confidence);
  std::vector<double> recalls;
  std::vector<double> precisions;
  double right = 0;
  for (const Judged& box : found) {
    if (box.right[iou_index]) ++right;
    recalls.push_back(right / static_cast<double>(of_class.marked));
    precisions.push_back(right / static_cast<double>(recalls.size()));
  }
  // The best precision at this recall or any higher one.
  for (std::size_t i = precisions.size(); i-- > 1;) {
    precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  }
  double sum = 0;
  for (int i = 0; i < kRecalls; ++i) {
    const auto at = std::ranges::lower_bound(recalls, i / (kRecalls - 1.0));
    if (at != recalls.end()) sum += precisions[static_cast<std::size_t>(at - recalls.begin())];
  }
  return sum / kRecalls;
}

AveragePrecision PrecisionMeter::result() const {
  std::array<double, kIous> sums{};
  std::size_t count = 0;
  for (const auto& [label, of_class] : classes_) {
    if (of_class.marked == 0) continue;
    ++count;
    for (std::size_t iou = 0; iou < kIous; ++iou) sums[iou] += precision(of_class, iou);
  }
  return {std::reduce(sums.begin(), sums.end()) / static_cast<double>(kIous * count),
          sums[0] / static_cast<double>(count)};
}

}  // namespace bulkhead::test
