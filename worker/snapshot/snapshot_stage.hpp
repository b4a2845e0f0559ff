#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "worker/snapshot/snapshot_writer.hpp"
#include "worker/zone/scene_stage.hpp"

namespace bulkhead::worker {

/// The stage after the scene: has a frame kept as a picture where one of its events wants that, and
/// marks those events. All events of a frame share one picture.
///
/// A zone's event gets none within limits::kSnapshotPause of the picture before, unless another
/// zone's event of the same frame has one taken. Owned by Worker, used by the detect thread.
class SnapshotStage {
 public:
  /// `labels` are the model's; `writer` outlives this object.
  SnapshotStage(SnapshotWriter& writer, std::vector<std::string> labels);

  void observe(const Frame& frame, std::span<const Object> objects, std::span<ClassedEvent> events);

 private:
  [[nodiscard]] bool is_due(std::span<const ClassedEvent> events) const;
  [[nodiscard]] CaptionedBox captioned(const Object& object) const;

  SnapshotWriter& writer_;
  const std::vector<std::string> labels_;
  std::map<std::string, std::int64_t> taken_ns_;  // by zone: those of the latest pause
};

}  // namespace bulkhead::worker
