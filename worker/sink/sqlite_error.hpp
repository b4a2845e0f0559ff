#pragma once

#include <string_view>

#include "common/error.hpp"

namespace SQLite {
class Exception;
}

namespace bulkhead::worker {

/// Whether the file itself is at fault: not a database, or one that was damaged.
[[nodiscard]] bool is_damage(const SQLite::Exception& failure) noexcept;

/// What SQLite refused, classified once; `doing` begins the sentence.
///
/// | SQLite | code | |
/// | --- | --- | --- |
/// | BUSY, LOCKED | Unavailable | transient: another has it for a moment |
/// | FULL | LimitReached | transient: the disk is full |
/// | IOERR, CANTOPEN, READONLY, PERM, PROTOCOL, … | Io | transient: of the disk, or its rights |
/// | CORRUPT, NOTADB | Corrupt | transient: set aside and begun anew when opened next |
/// | NOMEM | OutOfMemory | transient |
/// | TOOBIG, CONSTRAINT, MISMATCH, RANGE | InvalidParams | permanent: of this record |
[[nodiscard]] Error error_of(std::string_view doing, const SQLite::Exception& failure);

}  // namespace bulkhead::worker
