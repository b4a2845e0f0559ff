#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "worker/sink/postgres_connection.hpp"
#include "worker/sink/socket_deadline.hpp"

namespace bulkhead::worker {

/// A connection of a sink to its PostgreSQL server, each use of which ends within a limit whatever
/// the server does: it cancels a statement that takes long itself (statement_timeout), and one that
/// was stopped or is cut off is left by shutting the connection down (SocketDeadline, whose thread
/// lives with the connection). For one thread.
class PostgresSession {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  /// postgres_error, or one that knows better whose fault a failure is.
  using Judge = Error (*)(std::string_view sqlstate, std::string_view text);

  /// Connects and sets its limits. `session` is told to the server, which shows it.
  static Result<std::unique_ptr<PostgresSession>> open(const PostgresServerSpec& server,
                                                       const std::string& session,
                                                       Deadline deadline);

  /// Does `work`, which may throw what libpqxx throws. After Timeout, and whatever else `judge`
  /// takes for transient, the connection may be of no use any more.
  Result<> run(Deadline deadline, Judge judge,
               const std::function<Result<>(PostgresConnection&)>& work);

 private:
  explicit PostgresSession(const std::string& text)
      : connection_{text}, deadline_{connection_.sock()} {}

  PostgresConnection connection_;
  pqxx::quiet_errorhandler quiet_{connection_};  // notices would go to standard error
  SocketDeadline deadline_;
};

}  // namespace bulkhead::worker
