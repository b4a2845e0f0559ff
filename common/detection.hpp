#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead {

/// Axis-aligned box in pixels of the source frame: top-left corner and size.
struct Box {
  float x = 0;
  float y = 0;
  float w = 0;
  float h = 0;
};

/// One thing seen in one frame.
struct Object {
  Box box;
  float confidence = 0;        // 0..1
  std::uint16_t label_id = 0;  // index into the model's labels
  std::uint32_t track_id = 0;  // 0: not tracked
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
};

/// The model behind the detections of one generation.
struct ModelCard {
  std::string name;
  std::string sha256;  // 64 lower-case hex digits
  std::string family;  // "yolox", "yolov5", "yolov8", "yolov10"
  std::string engine;  // "onnxruntime", "opencv"
  std::uint32_t input_width = 0;
  std::uint32_t input_height = 0;
  std::vector<std::string> labels;
};

}  // namespace bulkhead
