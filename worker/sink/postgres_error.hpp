#pragma once

#include <string_view>

#include "common/error.hpp"

namespace bulkhead::worker {

/// What PostgreSQL refused, classified once by its SQLSTATE, as of `Sink::open`.
///
/// | SQLSTATE | code | |
/// | --- | --- | --- |
/// | 28 authentication | AuthFailed | permanent: user, password, or pg_hba.conf |
/// | 3D000 no such database | NotFound | permanent: the configuration, or createdb |
/// | 42501 no right | PermissionDenied | permanent: GRANT |
/// | 21, 22 data, 23 constraint, 54 too complex | InvalidParams | permanent, the record's fault |
/// | 53 full: disk, memory, connections | LimitReached | until something is freed |
/// | 57014 statement_timeout, 55P03 lock_timeout | Timeout | others hold it up |
/// | 25006 read-only | Unavailable | a standby, until it is promoted |
/// | 40 deadlock, serialization | Unavailable | the same once more |
/// | 08, 57P0x connection, shutdown, start | Unavailable | passes |
/// | 42, 3F otherwise | Unavailable | the schema is not as we made it: the operator's |
/// | none | ConnectFailed | nobody listens, or the connection was lost |
/// | all else | Unavailable | nothing that a record could be blamed for |
[[nodiscard]] Error postgres_error(std::string_view sqlstate, std::string_view text);

/// The same of `Sink::write`: permanent only where the record is at fault.
[[nodiscard]] Error postgres_write_error(std::string_view sqlstate, std::string_view text);

/// The same of a table that is the operator's: what is missing of it is named with its SQLSTATE,
/// and NotFound to `Sink::open`.
[[nodiscard]] Error table_error(std::string_view sqlstate, std::string_view text);
[[nodiscard]] Error table_write_error(std::string_view sqlstate, std::string_view text);

/// The SQLSTATE within a verbose message of libpq, "FATAL:  28P01: …"; empty where there is none.
[[nodiscard]] std::string_view sqlstate_in(std::string_view message) noexcept;

}  // namespace bulkhead::worker
