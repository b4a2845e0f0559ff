#include "worker/sink/event_picture.hpp"

#include <turbojpeg.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "common/snapshot_limits.hpp"
#include "common/text_file.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kJpegBegins{"\xff\xd8\xff"};

struct EndTransform {
  void operator()(void* handle) const noexcept { tjDestroy(handle); }
};
struct FreePicture {
  void operator()(unsigned char* bytes) const noexcept { tjFree(bytes); }
};

/// Of one axis, in whole pixels: from the block in which the box begins to the pixel in which it
/// ends. Comparisons as numbers first: what lies in a spool may be any number.
struct Extent {
  int first = 0;
  int size = 0;  // 0: nothing of it is in the picture
};

Extent extent_of(float from, float length, int picture, int block) {
  const auto whole = static_cast<double>(picture);
  const double begin = std::clamp(static_cast<double>(from), 0.0, whole);
  const double end =
      std::clamp(static_cast<double>(from) + static_cast<double>(length), 0.0, whole);
  if (!(begin < end)) return {};
  const int first = static_cast<int>(begin) / block * block;
  return {first, static_cast<int>(std::ceil(end)) - first};
}

}  // namespace

Result<std::string> EventPictures::read(std::int64_t capture_wall_ns, ipc::SnapshotKind kind,
                                        std::int64_t time_ns) const {
  const std::string name = ipc::snapshot_file_name(capture_wall_ns, kind);
  const std::int64_t wait_ns = nanoseconds{limits::kEventPictureWait}.count();
  const std::int64_t age_ns = wall_ns() - std::clamp<std::int64_t>(time_ns, 0, INT64_MAX / 2);
  const std::int64_t end_ns =
      monotonic_ns() + std::clamp<std::int64_t>(wait_ns - age_ns, 0, wait_ns);
  for (;;) {
    auto picture = read_text_file(folder_ / name, limits::kSnapshotBytes);
    if (picture && !picture->starts_with(kJpegBegins)) {
      return Error{
          ErrorCode::InvalidParams, "what is kept as the picture " + name + " is none", {}};
    }
    if (picture) {
      picture->shrink_to_fit();  // it was read into as much as may be there
      return picture;
    }
    if (picture.error().code == ErrorCode::LimitReached) {
      return Error{ErrorCode::InvalidParams, picture.error().message, {}};
    }
    if (picture.error().code != ErrorCode::NotFound) return picture;
    if (monotonic_ns() >= end_ns) {
      return Error{ErrorCode::NotFound,
                   "the picture " + name +
                       " is not there; others came while its frame waited, or "
                       "it was too old to be kept",
                   {}};
    }
    std::this_thread::sleep_for(limits::kEventPictureLook);
  }
}

Result<std::string> cut_out(std::string_view jpeg, const Box& box) {
  const std::unique_ptr<void, EndTransform> transform{tjInitTransform()};
  if (!transform) return Error{ErrorCode::Internal, "JPEG: the transform does not start", {}};
  const auto* bytes = reinterpret_cast<const unsigned char*>(jpeg.data());
  const auto refused = [&] {
    return Error{
        ErrorCode::InvalidParams, std::string{"JPEG: "} + tjGetErrorStr2(transform.get()), {}};
  };
  int width = 0;
  int height = 0;
  int sampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(transform.get(), bytes, jpeg.size(), &width, &height, &sampling,
                          &colours) != 0) {
    return refused();
  }
  if (sampling < 0 || sampling >= TJ_NUMSAMP) {
    return Error{ErrorCode::InvalidParams, "the picture is no JPEG of ours", {}};
  }
  const Extent across = extent_of(box.x, box.w, width, tjMCUWidth[sampling]);
  const Extent down = extent_of(box.y, box.h, height, tjMCUHeight[sampling]);
  if (across.size == 0 || down.size == 0) {
    return Error{ErrorCode::InvalidParams, "nothing of the object is in the picture", {}};
  }
  tjtransform cut{};
  cut.r = {across.first, down.first, across.size, down.size};
  cut.op = TJXOP_NONE;
  cut.options = TJXOPT_CROP;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const int failed = tjTransform(transform.get(), bytes, jpeg.size(), 1, &out, &size, &cut, 0);
  const std::unique_ptr<unsigned char, FreePicture> owner{out};
  if (failed != 0) return refused();
  return std::string{reinterpret_cast<const char*>(out), size};
}

}  // namespace bulkhead::worker
