#include "worker/source/frame_source.hpp"

#include "worker/source/file_source.hpp"
#include "worker/source/rtsp_source.hpp"

namespace bulkhead::worker {

Result<std::unique_ptr<FrameSource>> make_frame_source(const SessionSpec& spec,
                                                       const SourceLimits& limits) {
  if (spec.url.scheme == "file") {
    return FileSource::create(spec.url.path, {.pace = spec.pace, .loop = spec.loop}, limits);
  }
  return RtspSource::create(spec.url, spec.transport, limits);
}

}  // namespace bulkhead::worker
