#include "worker/sink/postgres_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};

/// Whether the socket became ready for what libpq wants of it; an interrupted wait counts as that.
bool wait_for(int socket, PostgresPollingStatusType wanted, steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  if (left <= milliseconds{0}) return false;
  const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  pollfd waited{.fd = socket, .events = events, .revents = 0};
  const int ready = ::poll(&waited, 1, static_cast<int>(left.count()));
  return ready > 0 || (ready < 0 && errno == EINTR);
}

/// A value in quotes, as libpq reads it.
std::string in_quotes(std::string_view value) {
  std::string text{"'"};
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text += '\'';
}

}  // namespace

pqxx::connectionpolicy::handle ConnectWithinLimit::do_startconnect(handle existing) {
  if (existing != nullptr) return existing;  // lost or not: there is no second one
  const auto deadline = steady_clock::now() + limits::kSinkConnectTime;
  std::unique_ptr<PGconn, Finish> connection{PQconnectStart(options().c_str())};
  if (connection == nullptr) throw std::bad_alloc{};
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  auto wanted =
      PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED) {
      throw pqxx::broken_connection{PQerrorMessage(connection.get())};
    }
    if (!wait_for(PQsocket(connection.get()), wanted, deadline)) {
      throw ConnectTimeout{};
    }
    wanted = PQconnectPoll(connection.get());
  }
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  return connection.release();
}

std::string connection_text(const PostgresServerSpec& spec, const std::string& application) {
  const ServerAccount& account = spec.account;
  std::string text = "host=" + in_quotes(account.host) + " port=" + std::to_string(account.port) +
                     " dbname=" + in_quotes(spec.database) + " user=" + in_quotes(account.user) +
                     " password=" + in_quotes(account.password) +
                     " sslmode=" + in_quotes(spec.tls) +
                     " application_name=" + in_quotes(application) +
                     " client_encoding=UTF8 passfile=/dev/null/none gssencmode=disable";
  if (!spec.root_certificate.empty()) text += " sslrootcert=" + in_quotes(spec.root_certificate);
  return text;
}

}  // namespace bulkhead::worker
