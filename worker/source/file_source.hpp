#pragma once

#include <filesystem>

#include "worker/source/frame_source.hpp"

namespace bulkhead::worker {

/// One clip: any container and codec that GStreamer knows (mp4, avi, raw .264 …), pictures as
/// I420. At its own pace it behaves like a camera; flat out it waits for room in the ring, so that
/// with a blocking ring no picture is lost.
class FileSource final : public FrameSource {
 public:
  struct Playback {
    Pace pace = Pace::Realtime;
    bool loop = false;  // from the start again at the end; ids and arrival times go on
  };

  /// NotFound when there is no such file.
  static Result<std::unique_ptr<FrameSource>> create(std::filesystem::path file, Playback playback,
                                                     const SourceLimits& limits = {});

  Result<> run_once(FrameOutlet& outlet, std::stop_token stop) override;
  [[nodiscard]] bool is_finite() const noexcept override { return !playback_.loop; }

 private:
  FileSource(std::filesystem::path file, Playback playback, const SourceLimits& limits);

  const std::filesystem::path file_;
  const Playback playback_;
  const SourceLimits limits_;
};

}  // namespace bulkhead::worker
