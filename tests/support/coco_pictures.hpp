#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <vector>

#include "tests/support/average_precision.hpp"
#include "tests/support/picture.hpp"
#include "tests/support/real_detector.hpp"

namespace bulkhead::test {

/// Boxes of one picture from a YOLO label file: class, centre and size as parts of the sides.
inline std::vector<Marked> read_marks(const std::filesystem::path& file,
                                      const worker::Frame& picture) {
  std::ifstream stream{file};
  EXPECT_TRUE(stream) << file;
  const auto width = static_cast<float>(picture.width);
  const auto height = static_cast<float>(picture.height);
  std::vector<Marked> marks;
  std::uint16_t label = 0;
  Box box;
  while (stream >> label >> box.x >> box.y >> box.w >> box.h) {
    marks.push_back(
        {{(box.x - box.w / 2) * width, (box.y - box.h / 2) * height, box.w * width, box.h * height},
         label});
  }
  return marks;
}

/// How a picture comes to the detector: from a file, or as from a camera's decoder.
enum class As { Bgr, I420 };

/// Of a model on 128 pictures of COCO's val2017; also printed.
inline AveragePrecision measure_on_coco(DetectStage stage, As format) {
  const std::filesystem::path coco = kRealFolder / "coco" / "coco128_lightly";
  stage.min_confidence = 0.001F;
  stage.intra_op_threads = 2;
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  auto detector = worker::Detector::create(stage, real_places(), {kAll, kAll, true});
  EXPECT_TRUE(detector) << detector.error().message;
  PrecisionMeter meter;
  for (const auto& entry : std::filesystem::directory_iterator{coco / "images" / "val2017"}) {
    const worker::Frame picture = read_picture(entry.path());
    const auto found = detector->detect(format == As::Bgr ? picture : to_i420(picture));
    EXPECT_TRUE(found) << found.error().message;
    const std::filesystem::path labels = coco / "object_detection" / "labels" / "val2017";
    meter.add(read_marks(labels / entry.path().stem().concat(".txt"), picture), *found);
  }
  const AveragePrecision result = meter.result();
  std::cout << stage.model << ": AP50:95 " << result.over_all_ious << ", AP50 " << result.at_half
            << '\n';
  return result;
}

}  // namespace bulkhead::test
