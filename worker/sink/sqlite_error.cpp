#include "worker/sink/sqlite_error.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <string>

namespace bulkhead::worker {

namespace {

struct Judged {
  ErrorCode code;
  std::string_view remedy;
};

Judged judged(int primary) noexcept {
  switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::Unavailable, "another has it for longer than we wait"};
    case SQLITE_FULL:
      return {ErrorCode::LimitReached, "make room on the disk"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::Corrupt, "it is set aside and begun anew"};
    case SQLITE_NOMEM:
      return {ErrorCode::OutOfMemory, "there is no memory left"};
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return {ErrorCode::InvalidParams, "this record cannot be kept"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {ErrorCode::Io, "let the worker's user write in its folder"};
    default:
      return {ErrorCode::Io, "look at the disk"};
  }
}

}  // namespace

bool is_damage(const SQLite::Exception& failure) noexcept {
  return judged(failure.getErrorCode() & 0xff).code == ErrorCode::Corrupt;
}

Error error_of(std::string_view doing, const SQLite::Exception& failure) {
  const Judged known = judged(failure.getErrorCode() & 0xff);
  return {known.code,
          std::string{doing} + ": " + failure.what() + "; " + std::string{known.remedy},
          {}};
}

}  // namespace bulkhead::worker
