#include "worker/sink/redis_session.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "worker/sink/place_error.hpp"
#include "worker/sink/redis_error.hpp"

namespace bulkhead::worker {

namespace {

using Deadline = RedisConnection::Deadline;

/// Sends one command and takes its reply; an error reply is a failure.
Result<> call(RedisConnection& connection, std::span<const std::string_view> words,
              Deadline deadline) {
  connection.append(words);
  const auto reply = connection.reply(deadline);
  if (!reply) return reply.error();
  if (is_error(**reply)) return redis_error(text_of(reply->get()));
  return {};
}

Result<> log_in(RedisConnection& connection, const RedisServerSpec& server, Deadline deadline) {
  const ServerAccount& account = server.account;
  if (!account.password.empty()) {
    std::vector<std::string_view> words{"AUTH"};
    if (!account.user.empty()) words.emplace_back(account.user);
    words.emplace_back(account.password);
    if (const auto done = call(connection, words, deadline); !done) {
      // A server that does not know the command repeats its arguments.
      const bool may_tell = done.error().message.find(account.password) != std::string::npos;
      if (may_tell) return Error{done.error().code, "Redis does not know AUTH", {}};
      return done.error();
    }
  }
  const std::string database = std::to_string(server.database);
  if (server.database != 0) {
    const std::array<std::string_view, 2> words{"SELECT", database};
    if (auto done = call(connection, words, deadline); !done) return done;
  }
  // One that was stopped takes connections, too, but answers nothing.
  return call(connection, std::array<std::string_view, 1>{"PING"}, deadline);
}

}  // namespace

std::string_view text_of(const redisReply* reply) noexcept {
  const bool has_text = reply != nullptr && reply->str != nullptr;
  return has_text ? std::string_view{reply->str, reply->len} : std::string_view{};
}

bool is_error(const redisReply& reply) noexcept { return reply.type == REDIS_REPLY_ERROR; }

bool is_array_of(const redisReply* reply, std::size_t count) noexcept {
  return reply != nullptr && reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
}

Error no_such_reply() {
  return {ErrorCode::ProtocolError, "Redis gave another reply than there is to this command", {}};
}

Result<RedisConnection> redis_session(const RedisServerSpec& server, Deadline deadline) {
  auto connection = RedisConnection::connect(server.account.host, server.account.port, deadline);
  if (!connection) return connection;
  if (const auto done = log_in(*connection, server, deadline); !done) return done.error();
  return connection;
}

void begin_transaction(RedisConnection& connection) {
  connection.append(std::array<std::string_view, 1>{"MULTI"});
}

void end_transaction(RedisConnection& connection) {
  connection.append(std::array<std::string_view, 1>{"EXEC"});
}

Result<RedisReply> executed(RedisConnection& connection, std::size_t commands, Deadline deadline) {
  std::optional<Error> first;
  for (std::size_t i = 0; i < commands + 1; ++i) {  // MULTI is one more
    const auto queued = connection.reply(deadline);
    if (!queued) return queued.error();
    if (is_error(**queued) && !first) first = redis_error(text_of(queued->get()));
  }
  auto results = connection.reply(deadline);
  if (!results) return results.error();
  // The first refusal says why; that of EXEC only that there was one.
  if (first) return without_blame(*first);
  if (is_error(**results)) return without_blame(redis_error(text_of(results->get())));
  if (!is_array_of(results->get(), commands)) return no_such_reply();
  return results;
}

}  // namespace bulkhead::worker
