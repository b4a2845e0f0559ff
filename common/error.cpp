#include "common/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace bulkhead {

namespace {

struct Entry {
  ErrorCode code;
  std::string_view name;
  Persistence persistence;
};

// The one classification: everything else asks this table.
constexpr std::array kEntries{
    Entry{ErrorCode::None, "NONE", Persistence::Transient},
    Entry{ErrorCode::InvalidParams, "INVALID_PARAMS", Persistence::Permanent},
    Entry{ErrorCode::NotFound, "NOT_FOUND", Persistence::Permanent},
    Entry{ErrorCode::LimitReached, "LIMIT_REACHED", Persistence::Transient},
    Entry{ErrorCode::Unavailable, "UNAVAILABLE", Persistence::Transient},
    Entry{ErrorCode::Timeout, "TIMEOUT", Persistence::Transient},
    Entry{ErrorCode::AlreadyExists, "ALREADY_EXISTS", Persistence::Permanent},
    Entry{ErrorCode::PermissionDenied, "PERMISSION_DENIED", Persistence::Permanent},
    Entry{ErrorCode::Unauthenticated, "UNAUTHENTICATED", Persistence::Permanent},
    Entry{ErrorCode::ConnectFailed, "CONNECT_FAILED", Persistence::Transient},
    Entry{ErrorCode::AuthFailed, "AUTH_FAILED", Persistence::Permanent},
    Entry{ErrorCode::NoVideo, "NO_VIDEO", Persistence::Transient},
    Entry{ErrorCode::UnsupportedCodec, "UNSUPPORTED_CODEC", Persistence::Permanent},
    Entry{ErrorCode::Stalled, "STALLED", Persistence::Transient},
    Entry{ErrorCode::EndOfStream, "EOS", Persistence::Transient},
    Entry{ErrorCode::DecodeError, "DECODE_ERROR", Persistence::Transient},
    Entry{ErrorCode::Frozen, "FROZEN", Persistence::Transient},
    Entry{ErrorCode::AddressDenied, "ADDRESS_DENIED", Persistence::Permanent},
    Entry{ErrorCode::ModelInvalid, "MODEL_INVALID", Persistence::Permanent},
    Entry{ErrorCode::InferenceFailed, "INFERENCE_FAILED", Persistence::Permanent},
    Entry{ErrorCode::SpawnFailed, "SPAWN_FAILED", Persistence::Transient},
    Entry{ErrorCode::ProtocolError, "PROTOCOL_ERROR", Persistence::Transient},
    Entry{ErrorCode::VersionMismatch, "VERSION_MISMATCH", Persistence::Permanent},
    Entry{ErrorCode::Corrupt, "CORRUPT", Persistence::Transient},
    Entry{ErrorCode::WorkerDied, "WORKER_DIED", Persistence::Transient},
    Entry{ErrorCode::WorkerHung, "WORKER_HUNG", Persistence::Transient},
    Entry{ErrorCode::CrashLoop, "CRASH_LOOP", Persistence::Transient},
    Entry{ErrorCode::OutOfMemory, "OUT_OF_MEMORY", Persistence::Transient},
    Entry{ErrorCode::Io, "IO", Persistence::Transient},
    Entry{ErrorCode::Internal, "INTERNAL", Persistence::Transient},
};

constexpr const Entry& entry_of(ErrorCode code) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.code == code) return entry;
  }
  return kEntries.back();
}

}  // namespace

Persistence persistence_of(ErrorCode code) noexcept { return entry_of(code).persistence; }

std::string_view name_of(ErrorCode code) noexcept { return entry_of(code).name; }

ErrorCode error_code_from(std::uint16_t number) noexcept {
  return entry_of(static_cast<ErrorCode>(number)).code;
}

Error errno_error(ErrorCode code, std::string_view what) {
  const int number = errno;
  std::string message{what};
  message += ": ";
  message += std::generic_category().message(number);
  return {code, std::move(message), {}};
}

}  // namespace bulkhead
