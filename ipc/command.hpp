#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/result.hpp"
#include "common/rtsp_session.hpp"

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

/// Other thresholds, classes and rate from the next frame on; the model stays.
struct Reconfigure {
  float min_confidence = 0;
  std::optional<float> nms_iou;      // none: the usual one of the model's family
  std::vector<std::string> classes;  // labels kept; empty: all
  float max_fps = 0;                 // 0: as the camera delivers
};

using CommandBody = std::variant<Stop, TakeSnapshot, SetLogLevel, OpenCamera, Reconfigure>;

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
