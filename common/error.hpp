#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead {

/// Every failure that production will see, classified once. The number crosses
/// the process boundary, so values are never reused; the name is what clients see.
enum class ErrorCode : std::uint16_t {
  None = 0,

  // A request that cannot be served.
  InvalidParams = 1,
  NotFound = 2,  // unknown session, unknown model, or a camera's 404
  LimitReached = 3,
  Unavailable = 4,
  Timeout = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,  // the client's role or scope does not allow it
  Unauthenticated = 8,   // nobody knows who the client is

  // A camera that does not deliver.
  ConnectFailed = 20,
  AuthFailed = 21,
  NoVideo = 22,
  UnsupportedCodec = 23,
  Stalled = 24,
  EndOfStream = 25,
  DecodeError = 26,
  Frozen = 27,         // it sends, but always the same picture
  AddressDenied = 28,  // it is where the operator lets nobody connect to; also of a request

  // A model that does not run.
  ModelInvalid = 40,
  InferenceFailed = 41,

  // A process that does not behave.
  SpawnFailed = 60,
  ProtocolError = 61,
  VersionMismatch = 62,
  Corrupt = 63,
  WorkerDied = 64,
  WorkerHung = 65,
  CrashLoop = 66,
  OutOfMemory = 67,  // it used more than it may, or more than there was

  Io = 80,
  Internal = 81,
};

/// Whether trying again without a change of input can help.
enum class Persistence { Transient, Permanent };

[[nodiscard]] Persistence persistence_of(ErrorCode code) noexcept;

/// Stable upper-case name, e.g. "AUTH_FAILED". An unknown number is "INTERNAL".
[[nodiscard]] std::string_view name_of(ErrorCode code) noexcept;

/// The code for a number that crossed a process boundary; unknown is Internal.
[[nodiscard]] ErrorCode error_code_from(std::uint16_t number) noexcept;

/// A failure with a sentence for the operator: what was found and what to do.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
  std::string field;  // path of the field at fault, e.g. "pipeline.stages[0].model"; may be empty
};

/// `message` extended by the text of the current errno.
[[nodiscard]] Error errno_error(ErrorCode code, std::string_view what);

}  // namespace bulkhead
