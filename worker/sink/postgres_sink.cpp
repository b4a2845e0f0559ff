#include "worker/sink/postgres_sink.hpp"

#include <functional>
#include <optional>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/postgres_connection.hpp"
#include "worker/sink/postgres_error.hpp"
#include "worker/sink/postgres_schema.hpp"
#include "worker/sink/record_kind.hpp"
#include "worker/sink/socket_deadline.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Less than ours, so that a server that is well says itself what took so long.
constexpr milliseconds kStatementTime = limits::kSinkWriteTime - milliseconds{500};

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

Error too_late() {
  return {ErrorCode::Timeout,
          "PostgreSQL did not answer in time; look at the server and the network",
          {}};
}

/// What libpqxx threw, told by `judged`, which is postgres_error or postgres_write_error.
Error error_of(const std::exception& thrown, Error (*judged)(std::string_view, std::string_view)) {
  // These hold no SQLSTATE, the first one though it is made for one (libpqxx 6.4).
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&thrown) != nullptr) {
    return judged("42501", thrown.what());
  }
  if (dynamic_cast<const pqxx::transaction_rollback*>(&thrown) != nullptr) {
    return judged("40000", thrown.what());
  }
  if (dynamic_cast<const pqxx::too_many_connections*>(&thrown) != nullptr) {
    return judged("53300", thrown.what());
  }
  if (dynamic_cast<const ConnectTimeout*>(&thrown) != nullptr) return too_late();
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&thrown)) {
    return judged(sql->sqlstate(), sql->what());
  }
  return judged(sqlstate_in(thrown.what()), thrown.what());
}

}  // namespace

/// One that is up, with the deadline that guards it.
struct PostgresSink::Connection {
  explicit Connection(const std::string& text) : postgres{text}, deadline{postgres.sock()} {}

  PostgresConnection postgres;
  pqxx::quiet_errorhandler quiet{postgres};  // notices would go to standard error
  SocketDeadline deadline;
  std::set<std::int64_t> days;  // whose partitions have been seen to
};

PostgresSink::PostgresSink(PostgresSinkSpec spec, const SubscriptionId& session)
    : spec_{std::move(spec)}, session_{session.text()} {}

PostgresSink::~PostgresSink() = default;

Result<> PostgresSink::open() {
  connection_.reset();
  auto done = connect(steady_clock::now() + limits::kSinkConnectTime);
  if (!done) connection_.reset();
  return done;
}

Result<> PostgresSink::connect(Deadline deadline) {
  try {
    connection_ = std::make_unique<Connection>(connection_text(spec_, "bulkhead " + session_));
    const ArmedDeadline armed{connection_->deadline, deadline};
    pqxx::nontransaction{connection_->postgres}.exec(
        "SET statement_timeout = " + std::to_string(kStatementTime.count()) +
        "; SET idle_in_transaction_session_timeout = " + std::to_string(kStatementTime.count()) +
        "; SET TimeZone = 'UTC'; SET client_min_messages = error");
    if (auto done = bring_up_to_date(connection_->postgres, spec_.schema); !done) return done;
    connection_->postgres.prepare("insert", in_schema(kInsert, spec_.schema));
    connection_->postgres.prepare_now("insert");
    return {};
  } catch (const std::exception& thrown) {
    if (connection_ && connection_->deadline.has_passed()) return too_late();
    return error_of(thrown, postgres_error);
  }
}

Result<> PostgresSink::write(std::span<const SinkRecord> batch) {
  if (!connection_) {
    return Error{ErrorCode::Unavailable, "PostgreSQL is not connected; open first", {}};
  }
  std::optional<Error> failure;
  try {
    const ArmedDeadline armed{connection_->deadline, steady_clock::now() + limits::kSinkWriteTime};
    add_partitions_of(batch);
    insert(batch);
  } catch (const std::exception& thrown) {
    failure =
        connection_->deadline.has_passed() ? too_late() : error_of(thrown, postgres_write_error);
  }
  if (!failure) return {};
  if (persistence_of(failure->code) == Persistence::Transient) connection_.reset();
  return *failure;
}

void PostgresSink::add_partitions_of(std::span<const SinkRecord> batch) {
  if (connection_->days.size() > kKnownDays) connection_->days.clear();
  for (const SinkRecord& record : batch) {
    const std::int64_t day = day_of(record);
    if (!connection_->days.insert(day).second) continue;
    try {
      add_partitions(connection_->postgres, spec_.schema, day);
    } catch (const pqxx::sql_error&) {
      // No right to create, rows of the day in record_default already, a lock: it takes these, too.
    }
  }
}

void PostgresSink::insert(std::span<const SinkRecord> batch) {
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
  pqxx::nontransaction work{connection_->postgres};
  work.exec_prepared("insert", session_, generations.take(), sequences.take(), microseconds.take(),
                     kinds.take(), classes.take(), messages.take());
}

}  // namespace bulkhead::worker
