#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "worker/sink/postgres_connection.hpp"

namespace bulkhead::worker {

/// Statements on what PostgreSQL keeps; each may throw what libpqxx throws. A schema of ours holds
///   record          one row for each result, partitioned by day of `time` (UTC)
///   record_default  its partition for days that have none of their own
///   object          a view: one row for each object of each detection
///   schema_version  which migrations have been done
///
/// The key of `record` is (session, generation, sequence, time): of a partitioned table it must
/// hold the column of the partition. Since a record that is sent again has the time it had, that
/// column never lets one in twice.

/// Runs the migrations that are missing, in one transaction and under an advisory lock, so that of
/// workers that start at once one does it. Where none is missing nothing is locked, and no right to
/// create is needed. VersionMismatch where a later Bulkhead has been here.
Result<> bring_up_to_date(PostgresConnection& connection, const std::string& schema);

/// Makes the partitions of a day (since 1970) and of the next, so that midnight waits for nobody.
/// A day more than a month from the server's own time gets none: a clock that jumps must not leave
/// a thousand tables. Nothing depends on a partition: without it record_default takes the rows, so
/// the caller may ignore what is thrown.
void add_partitions(PostgresConnection& connection, const std::string& schema, std::int64_t day);

/// `text` with `{schema}` replaced by the quoted name.
[[nodiscard]] std::string in_schema(std::string_view text, std::string_view schema);

}  // namespace bulkhead::worker
