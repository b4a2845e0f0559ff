#include "worker/sink/postgres_session.hpp"

#include "common/sink_limits.hpp"
#include "worker/sink/postgres_error.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;

/// Less than ours, so that a server that is well says itself what took so long.
constexpr milliseconds kStatementTime = limits::kSinkWriteTime - milliseconds{500};

Error too_late() {
  return {ErrorCode::Timeout,
          "PostgreSQL did not answer in time; look at the server and the network",
          {}};
}

/// What libpqxx threw.
Error error_of(const std::exception& thrown, PostgresSession::Judge judge) {
  // These hold no SQLSTATE, the first one though it is made for one (libpqxx 6.4).
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&thrown) != nullptr) {
    return judge("42501", thrown.what());
  }
  if (dynamic_cast<const pqxx::transaction_rollback*>(&thrown) != nullptr) {
    return judge("40000", thrown.what());
  }
  if (dynamic_cast<const pqxx::too_many_connections*>(&thrown) != nullptr) {
    return judge("53300", thrown.what());
  }
  if (dynamic_cast<const ConnectTimeout*>(&thrown) != nullptr) return too_late();
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&thrown)) {
    return judge(sql->sqlstate(), sql->what());
  }
  return judge(sqlstate_in(thrown.what()), thrown.what());
}

}  // namespace

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const PostgresServerSpec& server,
                                                               const std::string& session,
                                                               Deadline deadline) {
  std::unique_ptr<PostgresSession> opened;
  try {
    // The constructor is private, which std::make_unique is not told of.
    opened.reset(new PostgresSession{connection_text(server, "bulkhead " + session)});
  } catch (const std::exception& thrown) {
    return error_of(thrown, postgres_error);
  }
  const auto set_limits = [](PostgresConnection& connection) -> Result<> {
    const std::string time = std::to_string(kStatementTime.count());
    pqxx::nontransaction{connection}.exec(
        "SET statement_timeout = " + time + "; SET idle_in_transaction_session_timeout = " + time +
        "; SET TimeZone = 'UTC'; SET client_min_messages = error");
    return {};
  };
  if (auto set = opened->run(deadline, postgres_error, set_limits); !set) return set.error();
  return opened;
}

Result<> PostgresSession::run(Deadline deadline, Judge judge,
                              const std::function<Result<>(PostgresConnection&)>& work) {
  try {
    const ArmedDeadline armed{deadline_, deadline};
    return work(connection_);
  } catch (const std::exception& thrown) {
    return deadline_.has_passed() ? too_late() : error_of(thrown, judge);
  }
}

}  // namespace bulkhead::worker
