#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/ids.hpp"
#include "common/sink_spec.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

class PostgresSession;

/// Writes what records tell into a table of the operator's, a row for each key: INSERT … ON
/// CONFLICT (key) DO UPDATE. What a record does not say leaves what the row has, so one row gathers
/// what several stages say at different times; a row that would not change is not written.
///
/// A batch is one transaction. Of what it holds of one key the latest is sent, so a batch that is
/// sent again, because nobody knows what became of it, changes nothing. Rows go in the order of
/// their keys: two cameras that write the same ones do not lock each other out.
///
/// Values are parameters, never a part of the statement; they are texts, which the server reads as
/// the types of the columns. One that it cannot read, or that a constraint refuses, is the record's
/// fault. A table, a column or a unique constraint that is missing is the operator's: `open` tells
/// it as NotFound, `write` keeps the record until it is there.
///
/// Each call ends within its limit of limits.hpp (postgres_session.hpp). For one thread.
class PostgresUpsert final : public Sink {
 public:
  PostgresUpsert(PostgresUpsertSpec spec, const SubscriptionId& session);
  ~PostgresUpsert() override;

  Result<> open() override;
  Result<> write(std::span<const SinkRecord> batch) override;
  [[nodiscard]] std::string_view kind() const noexcept override {
    return "postgres_upsert_combined";
  }

 private:
  const PostgresUpsertSpec spec_;
  const std::string session_;
  std::unique_ptr<PostgresSession> connection_;  // null from a transient error to the next open()
};

}  // namespace bulkhead::worker
