#include "worker/sink/postgres_sink.hpp"

#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/postgres_error.hpp"
#include "worker/sink/postgres_schema.hpp"
#include "worker/sink/postgres_session.hpp"
#include "worker/sink/record_kind.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::steady_clock;

/// Of the days that a connection has seen to; then it forgets them, which costs a query.
constexpr std::size_t kKnownDays = 16;

constexpr std::string_view kInsert = R"sql(
INSERT INTO {schema}.record (session, generation, sequence, time, kind, class, message)
SELECT $1, generation, sequence, timestamptz 'epoch' + microseconds * interval '1 microsecond',
       kind, class, message::jsonb
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
     AS sent (generation, sequence, microseconds, kind, class, message)
ON CONFLICT DO NOTHING)sql";

/// One column of a batch as PostgreSQL writes an array.
class ArrayText {
 public:
  void add(std::uint64_t number) { next() += std::to_string(number); }
  void add_signed(std::int64_t number) { next() += std::to_string(number); }
  void add(std::string_view text) {
    next() += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  [[nodiscard]] std::string take() { return std::move(text_ += '}'); }

 private:
  std::string& next() { return text_ += text_.empty() ? '{' : ','; }

  std::string text_;
};

std::int64_t day_of(const SinkRecord& record) { return record.time_ns / (86'400 * kNsPerSecond); }

/// `days` are those that this connection has seen to.
void add_partitions_of(std::span<const SinkRecord> batch, const std::string& schema,
                       std::set<std::int64_t>& days, PostgresConnection& connection) {
  if (days.size() > kKnownDays) days.clear();
  for (const SinkRecord& record : batch) {
    const std::int64_t day = day_of(record);
    if (!days.insert(day).second) continue;
    try {
      add_partitions(connection, schema, day);
    } catch (const pqxx::sql_error&) {
      // No right to create, rows of the day in record_default already, a lock: it takes these, too.
    }
  }
}

void insert(std::span<const SinkRecord> batch, const std::string& session,
            PostgresConnection& connection) {
  ArrayText generations;
  ArrayText sequences;
  ArrayText microseconds;
  ArrayText kinds;
  ArrayText classes;
  ArrayText messages;
  for (const SinkRecord& record : batch) {
    generations.add(std::uint64_t{record.generation});
    sequences.add(record.sequence);
    microseconds.add_signed(record.time_ns / 1000);
    kinds.add(name_of(record.kind));
    classes.add(ipc::name_of(record.priority));
    messages.add(record.json);
  }
  pqxx::nontransaction work{connection};
  work.exec_prepared("insert", session, generations.take(), sequences.take(), microseconds.take(),
                     kinds.take(), classes.take(), messages.take());
}

}  // namespace

PostgresSink::PostgresSink(PostgresSinkSpec spec, const SubscriptionId& session)
    : spec_{std::move(spec)}, session_{session.text()} {}

PostgresSink::~PostgresSink() = default;

Result<> PostgresSink::open() {
  const auto deadline = steady_clock::now() + limits::kSinkConnectTime;
  connection_.reset();
  days_.clear();
  auto opened = PostgresSession::open(spec_, session_, deadline);
  if (!opened) return opened.error();
  const auto prepare = [&](PostgresConnection& connection) -> Result<> {
    if (auto done = bring_up_to_date(connection, spec_.schema); !done) return done;
    connection.prepare("insert", in_schema(kInsert, spec_.schema));
    connection.prepare_now("insert");
    return {};
  };
  auto prepared = (*opened)->run(deadline, postgres_error, prepare);
  if (prepared) connection_ = *std::move(opened);
  return prepared;
}

Result<> PostgresSink::write(std::span<const SinkRecord> batch) {
  if (!connection_) {
    return Error{ErrorCode::Unavailable, "PostgreSQL is not connected; open first", {}};
  }
  const auto keep = [&](PostgresConnection& connection) -> Result<> {
    add_partitions_of(batch, spec_.schema, days_, connection);
    insert(batch, session_, connection);
    return {};
  };
  auto done =
      connection_->run(steady_clock::now() + limits::kSinkWriteTime, postgres_write_error, keep);
  if (!done && persistence_of(done.error().code) == Persistence::Transient) connection_.reset();
  return done;
}

}  // namespace bulkhead::worker
