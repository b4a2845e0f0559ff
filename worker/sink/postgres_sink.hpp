#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "common/ids.hpp"
#include "common/sink_spec.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

class PostgresSession;

/// Keeps the results of all sessions in one table of a PostgreSQL server (postgres_schema.hpp).
///
/// A batch is one statement, hence one transaction and one round trip, with one parameter for each
/// column. ON CONFLICT DO NOTHING makes it safe to send again what may have been committed when the
/// connection was lost; a key that another installation has used differs by its time and is a row
/// of its own.
///
/// Each call ends within its limit of limits.hpp, whatever the server does (postgres_session.hpp).
/// To connect anew after any failure of the place is the caller's, by open().
///
/// For one thread. Exceptions of libpqxx end here. A pooler must keep a session to one server
/// connection (prepared statements, settings).
class PostgresSink final : public Sink {
 public:
  PostgresSink(PostgresSinkSpec spec, const SubscriptionId& session);
  ~PostgresSink() override;

  Result<> open() override;
  Result<> write(std::span<const SinkRecord> batch) override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "postgres"; }

 private:
  const PostgresSinkSpec spec_;
  const std::string session_;
  std::unique_ptr<PostgresSession> connection_;  // null from a transient error to the next open()
  std::set<std::int64_t> days_;                  // whose partitions this connection has seen to
};

}  // namespace bulkhead::worker
