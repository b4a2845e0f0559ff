#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/detection.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "ipc/canary.hpp"
#include "ipc/confined.hpp"
#include "ipc/event.hpp"
#include "ipc/priority_class.hpp"

namespace bulkhead::ipc {

/// What a worker says of its camera. The supervisor derives the session's state from it.
enum class CameraState : std::uint8_t {
  Connecting = 0,
  Live = 1,    // a frame was inferred
  Lost = 2,    // the connection ended; `reason` says why, the worker tries again by itself
  Frozen = 3,  // frames come, their content does not change; Live once it does again
};

struct CameraChange {
  CameraState state = CameraState::Connecting;
  ErrorCode reason = ErrorCode::None;
  std::string text;               // one sentence, redacted; cut at limits::kReasonBytes
  std::uint32_t retry_in_ms = 0;  // for Lost
};

/// The answer to one command.
struct Ack {
  std::uint64_t request_id = 0;
  ErrorCode code = ErrorCode::None;
  std::string text;
};

/// The model is loaded; sent once, before any detection.
struct ModelLoaded {
  ModelCard card;
  std::uint32_t load_ms = 0;
};

/// Something that ends the worker: sent last, before it exits.
struct Fatal {
  ErrorCode reason = ErrorCode::Internal;
  std::string text;
};

/// Results that a full ring refused: sequences of `priority` lost between `from` and `to`.
struct Gap {
  PriorityClass priority = PriorityClass::Important;
  Sequence from = 0;
  Sequence to = 0;  // inclusive
  std::uint64_t count = 0;
};

/// The camera was lost and is worth another try: answered by the command OpenCamera when it is this
/// worker's turn.
struct AskToConnect {};

/// What a worker noticed although its camera works, and an operator must know.
enum class AlertKind : std::uint8_t {
  DarkPicture = 0,          // the picture is black, or the lens covered
  ResultQueuePressure = 1,  // the supervisor reads too slowly: BULK is paused
};

inline constexpr std::size_t kAlertKinds = 2;

[[nodiscard]] std::string_view name_of(AlertKind kind) noexcept;  // "DARK_PICTURE"

/// An alert begins or ends. It also ends with its worker.
struct Alert {
  AlertKind kind = AlertKind::DarkPicture;
  bool active = false;
  std::string text;  // one sentence; cut at limits::kReasonBytes
};

/// The session that this worker has at its camera, told before its pictures come; or that it has
/// none any more, because it ended it or lost the connection. The supervisor keeps the latest: what
/// a worker that died has left is for the next one to end.
struct RtspSessionChange {
  std::optional<RtspSession> now;
};

/// The worker keeps no result any more: the last one that its sinks got was of a frame taken then.
/// Told when it is asked to stop, so that its successor keeps what comes after it.
struct ResultsEnded {
  std::int64_t after_capture_ns = 0;  // wall clock; 0: it kept none
};

inline constexpr std::size_t kSha256Digits = 64;

using RecordBody =
    std::variant<Detection, CameraChange, Ack, ModelLoaded, Fatal, Gap, AskToConnect, Confined,
                 Alert, RtspSessionChange, ZonesInEffect, Event, ResultsEnded, CanaryReport>;

/// One message of a result ring.
struct Record {
  Sequence sequence = 0;         // counts all records of the generation, from 1
  std::int64_t publish_ns = 0;   // monotonic
  std::int64_t deadline_ns = 0;  // monotonic; 0: none. Past it the reader drops and counts it
  RecordBody body;
};

/// Appends the wire form to `out` (cleared first): little-endian fields in declaration order,
/// texts and arrays with a 32-bit count before them. `text` is cut at its limit; any other value
/// past its limit is a bug of ours.
void encode(const Record& record, std::vector<std::byte>& out);

/// Reads a private copy of what a worker wrote. Every count, number and enumeration is checked;
/// anything else is ErrorCode::Corrupt with a sentence that says which field. Texts of the result
/// are printable (printable_text): fit for a log line and for JSON as they are.
[[nodiscard]] Result<Record> decode_record(std::span<const std::byte> bytes);

}  // namespace bulkhead::ipc
