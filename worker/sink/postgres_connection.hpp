#pragma once

#include <pqxx/pqxx>
#include <string>

#include "common/server_spec.hpp"
#include "common/sink_limits.hpp"

namespace bulkhead::worker {

/// The server took longer than limits::kSinkConnectTime.
class ConnectTimeout : public pqxx::broken_connection {
 public:
  ConnectTimeout() : pqxx::broken_connection{"it did not answer in time"} {}
};

/// How libpqxx connects: within limits::kSinkConnectTime, asleep on the socket meanwhile, and once:
/// a lost connection is not replaced behind our back by one that nobody has set a limit to. What
/// fails is a pqxx::broken_connection whose message holds the SQLSTATE (see sqlstate_in): libpq
/// tells a wrong password from a server that is away by words in the server's language only.
///
/// Of a name with several addresses all have the limit together; its resolution is not within it.
class ConnectWithinLimit : public pqxx::connectionpolicy {
 public:
  using pqxx::connectionpolicy::connectionpolicy;
  handle do_startconnect(handle existing) override;
};

using PostgresConnection = pqxx::basic_connection_base<ConnectWithinLimit>;

/// libpq's keywords and values; no password file and no ticket of the user is looked for.
[[nodiscard]] std::string connection_text(const PostgresServerSpec& spec,
                                          const std::string& application);

}  // namespace bulkhead::worker
