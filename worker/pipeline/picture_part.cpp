#include "worker/pipeline/picture_part.hpp"

#include <algorithm>

#include "worker/zone/zone_watch.hpp"

namespace bulkhead::worker {

Crop PicturePart::cut(const Frame& frame) const {
  if (!region_) return {frame, 0, 0};
  const auto width = static_cast<float>(frame.width);
  const auto height = static_cast<float>(frame.height);
  const Box box{region_->x_min * width, region_->y_min * height,
                (region_->x_max - region_->x_min) * width,
                (region_->y_max - region_->y_min) * height};
  // A frame without pixels has no part either; the detector says what is wrong with it.
  return crop(frame, box, 0).value_or(Crop{frame, 0, 0});
}

void PicturePart::place(const Crop& view, const Frame& frame, std::vector<Object>& objects) const {
  for (Object& object : objects) {
    object.box.x += view.left;
    object.box.y += view.top;
  }
  const Moment moment{.width = frame.width, .height = frame.height};
  std::erase_if(objects, [&](const Object& object) {
    const Point foot = place_of(object.box, ZoneAnchor::Bottom, moment);
    return std::ranges::any_of(masks_, [&](const auto& mask) { return contains(mask, foot); });
  });
}

Result<std::vector<Object>> detect_part(Detector& detector, const PicturePart& part,
                                        const Frame& frame) {
  if (part.is_whole()) return detector.detect(frame);
  const Crop view = part.cut(frame);
  auto objects = detector.detect(view.frame);
  if (objects) part.place(view, frame, *objects);
  return objects;
}

}  // namespace bulkhead::worker
