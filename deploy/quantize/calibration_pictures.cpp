#include "deploy/quantize/calibration_pictures.hpp"

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <chrono>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "worker/frame/frame_ring.hpp"
#include "worker/source/capture_loop.hpp"
#include "worker/source/file_source.hpp"
#include "worker/source/gst_start.hpp"

namespace bulkhead::deploy {

namespace {

namespace fs = std::filesystem;
using worker::Frame;
using Visit = std::function<Result<>(const Frame&)>;

constexpr std::uint64_t kClipStep = 25;  // neighbours in a clip show nearly the same
constexpr std::chrono::seconds kPictureWait{10};

Result<Frame> read_picture(const fs::path& file) {
  auto pixels = std::make_shared<cv::Mat>();
  try {
    *pixels = cv::imread(file.string(), cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    // Too large, or broken in a way that the codec throws at: empty, as where it only fails.
  }
  if (pixels->empty()) {
    return Error{ErrorCode::InvalidParams, file.string() + " is no picture that can be read", {}};
  }
  Frame frame;
  frame.width = static_cast<std::uint32_t>(pixels->cols);
  frame.height = static_cast<std::uint32_t>(pixels->rows);
  frame.format = worker::PixelFormat::Bgr;
  frame.planes[0] = {pixels->data, pixels->step};
  frame.owner = std::move(pixels);
  return frame;
}

Result<> each_of_folder(const fs::path& folder, std::size_t count, const Visit& visit) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    const fs::path extension = entry.path().extension();
    if (extension == ".jpg" || extension == ".jpeg" || extension == ".png") {
      files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    return Error{ErrorCode::NotFound, folder.string() + " holds no .jpg, .jpeg or .png", {}};
  }
  std::ranges::sort(files);
  const std::size_t taken = std::min(count, files.size());
  for (std::size_t i = 0; i < taken; ++i) {
    const auto picture = read_picture(files[i * files.size() / taken]);
    if (!picture) return picture.error();
    if (const auto done = visit(*picture); !done) return done.error();
  }
  return {};
}

/// A folder for GStreamer's list of plug-ins, gone with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "bulkhead-quantize-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;  // what is left lies in the folder for such things
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

Result<> each_of_clip(const fs::path& clip, std::size_t count, const Visit& visit) {
  const ScratchFolder scratch;
  if (scratch.path().empty()) return errno_error(ErrorCode::Io, "cannot create a folder in /tmp");
  static const Result<> started = worker::gst_start(scratch.path(), [](auto, auto, auto) {});
  if (!started) return started.error();
  auto source = worker::FileSource::create(clip, {.pace = Pace::FlatOut, .loop = true});
  if (!source) return source.error();
  worker::FrameRing ring{2, worker::WhenFull::Block};
  worker::CaptureCounters counters;
  worker::CaptureLoop capture{std::move(*source), ring, counters, {}};
  for (std::uint64_t seen = 0; seen < count * kClipStep; ++seen) {
    const auto frame = ring.pop({}, kPictureWait);
    if (!frame) {
      return Error{ErrorCode::NotFound, clip.string() + " gives no picture; is it a clip?", {}};
    }
    if (seen % kClipStep != 0) continue;
    if (const auto done = visit(*frame); !done) return done.error();
  }
  return {};
}

}  // namespace

Result<> each_picture(const fs::path& folder_or_clip, std::size_t count, const Visit& visit) {
  std::error_code absent;
  return fs::is_directory(folder_or_clip, absent) ? each_of_folder(folder_or_clip, count, visit)
                                                  : each_of_clip(folder_or_clip, count, visit);
}

}  // namespace bulkhead::deploy
