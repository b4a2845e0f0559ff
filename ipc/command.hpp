#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/class_threshold.hpp"
#include "common/frame_rules.hpp"
#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "common/session_context.hpp"
#include "common/zone_spec.hpp"
#include "ipc/canary.hpp"

namespace bulkhead::ipc {

/// Stop in order: leave the camera, publish what is pending, exit with kExitOk.
struct Stop {};

/// Write the latest picture as JPEG to the preview slot, then acknowledge.
struct TakeSnapshot {
  std::uint8_t quality = 85;  // 1..100
};

struct SetLogLevel {
  std::string level;
};

/// Connect to the camera: for a worker that was started with StartMessage::hold_camera, or that
/// sent AskToConnect. First it ends the session that a dead worker `left` at the camera.
struct OpenCamera {
  std::optional<RtspSession> left;
};

/// Other thresholds, classes, rate, frames, regions and zones from the next frame on, and whether
/// to track; the model stays.
struct Reconfigure {
  float min_confidence = 0;
  std::optional<float> nms_iou;      // none: the usual one of the model's family
  std::vector<std::string> classes;  // labels kept; empty: all
  float max_fps = 0;                 // 0: as the camera delivers
  bool track = false;
  std::vector<ZoneSpec> zones{};
  bool track_updates = false;
  std::vector<ClassThreshold> per_class{};
  FrameRules frames{};
};

/// Let GStreamer tell more, into the camera's log, for a while; another such command takes its
/// place.
struct DebugGst {
  std::string categories;     // as common/gst_categories reads them
  std::uint16_t seconds = 1;  // 1 to limits::kGstDebugLongest
};

/// Of a worker that was started with StartMessage::hold_results: its sinks keep the results of
/// frames that were taken after this time. Another such command changes nothing.
struct CountResults {
  std::int64_t after_capture_ns = 0;  // wall clock
};

/// Whose the results are from the next frame on. The latest detection with objects is told once
/// more for them (Detection::patch_of) where it is younger than limits::kPatchAge; to nobody's it
/// is not.
struct SetContext {
  SessionContext context;
};

using CommandBody = std::variant<Stop, TakeSnapshot, SetLogLevel, OpenCamera, Reconfigure, DebugGst,
                                 CountResults, StartCanary, StopCanary, SetContext>;

/// One message of the command ring. The worker acknowledges each by its `request_id`; one whose
/// deadline has passed is dropped before the work and acknowledged with ErrorCode::Timeout.
struct Command {
  std::uint64_t request_id = 0;
  std::int64_t deadline_ns = 0;  // monotonic; 0: none
  CommandBody body;
};

void encode(const Command& command, std::vector<std::byte>& out);
[[nodiscard]] Result<Command> decode_command(std::span<const std::byte> bytes);

}  // namespace bulkhead::ipc
