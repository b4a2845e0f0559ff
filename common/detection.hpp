#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/session_context.hpp"

namespace bulkhead {

/// Axis-aligned box in pixels of the source frame: top-left corner and size.
struct Box {
  float x = 0;
  float y = 0;
  float w = 0;
  float h = 0;
};

/// Area both share over the area either covers; 0 where they do not meet.
[[nodiscard]] inline float intersection_over_union(const Box& a, const Box& b) noexcept {
  const float width = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const float height = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const float shared = width * height;
  return shared / (a.w * a.h + b.w * b.h - shared);
}

/// What a stage below the root says of an object.
struct Attribute {
  std::uint8_t stage = 0;  // index into ModelCard::attributes
  std::string text;        // a label, or what was read
  float confidence = 0;    // 0..1; of a tracked object, by the votes of all its frames
  std::optional<Box> box;  // where in this frame, of a thing that was found on the object
};

/// One thing seen in one frame.
struct Object {
  Box box;
  float confidence = 0;        // 0..1
  std::uint16_t label_id = 0;  // index into the model's labels
  std::uint32_t track_id = 0;  // 0: not tracked
  std::uint32_t zones = 0;     // it is in, a bit each, by their place in the session's list
  std::vector<Attribute> attributes{};  // by stage, each once; limits::kAttributesPerFrame in all
};

/// What one model says of one frame.
struct Detection {
  std::uint64_t frame_id = 0;        // counts frames taken from the camera in this generation
  std::int64_t capture_wall_ns = 0;  // wall clock at arrival of the frame
  std::int64_t camera_ns = 0;        // ns since 1900 by the camera's own clock; 0: not known
  std::int64_t arrival_ns = 0;       // monotonic, when the decoded frame reached the worker
  std::uint32_t infer_us = 0;        // time inside the engine
  std::uint32_t width = 0;           // of the source frame, pixels
  std::uint32_t height = 0;
  std::vector<Object> objects;  // by falling confidence, at most limits::kObjectsPerFrame
  SessionContext context{};
  Sequence patch_of = 0;  // the result that this one tells again for another context; 0: none
};

/// A stage below the root: the name of what it says, and the model that says it.
struct AttributeCard {
  std::string attribute;
  std::string model;
  std::string sha256;  // 64 lower-case hex digits
};

/// The model behind the detections of one generation, and those that look at what it found.
struct ModelCard {
  std::string name;
  std::string sha256;  // 64 lower-case hex digits
  std::string family;  // "yolox", "yolov5", "yolov8", "yolov10"
  std::string engine;  // "onnxruntime", "opencv"
  std::uint32_t input_width = 0;
  std::uint32_t input_height = 0;
  std::vector<std::string> labels;
  std::vector<AttributeCard> attributes{};  // fewer than limits::kPipelineStages
};

}  // namespace bulkhead
