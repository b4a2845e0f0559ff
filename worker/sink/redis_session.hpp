#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/server_spec.hpp"
#include "worker/sink/redis_connection.hpp"

namespace bulkhead::worker {

// What every sink says to a Redis server, whatever it keeps there.

/// The text of a reply; empty where it has none, or there is no reply.
[[nodiscard]] std::string_view text_of(const redisReply* reply) noexcept;
[[nodiscard]] bool is_error(const redisReply& reply) noexcept;
[[nodiscard]] bool is_array_of(const redisReply* reply, std::size_t count) noexcept;

/// ProtocolError.
[[nodiscard]] Error no_such_reply();

/// Connects and logs in; the server has answered then. The errors of RedisConnection and of
/// redis_error; none repeats the password.
[[nodiscard]] Result<RedisConnection> redis_session(const RedisServerSpec& server,
                                                    RedisConnection::Deadline deadline);

/// Appends MULTI, and EXEC: what is appended between them is done whole or not at all.
void begin_transaction(RedisConnection& connection);
void end_transaction(RedisConnection& connection);

/// The reply to the EXEC of a transaction of so many commands: an array of theirs, in which there
/// may be errors. All replies before it are taken, whatever they say. A refusal is no record's
/// fault (without_blame).
[[nodiscard]] Result<RedisReply> executed(RedisConnection& connection, std::size_t commands,
                                          RedisConnection::Deadline deadline);

}  // namespace bulkhead::worker
