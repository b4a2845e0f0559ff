#pragma once

#include <filesystem>
#include <string>

namespace bulkhead::test {

/// What a clip made for a test shows: one colour all over, moving pictures only where asked.
struct MadeClip {
  int width = 320;
  int height = 240;
  int pictures = 20;
  int fps = 10;
  unsigned colour = 0xff2060a0;  // ARGB
  std::string encoder = "x264enc key-int-max=10 bframes=0 speed-preset=ultrafast ! h264parse";
  std::string container = "mp4mux";  // "identity": an elementary stream
};

/// Encodes the clip into `file` with GStreamer. The test fails when that does not work.
void make_clip(const std::filesystem::path& file, const MadeClip& clip);

/// A clip without pictures.
void make_sound(const std::filesystem::path& file);

}  // namespace bulkhead::test
