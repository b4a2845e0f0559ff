#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "common/result.hpp"

struct redisContext;
struct redisReply;

namespace bulkhead::worker {

struct RedisFree {
  void operator()(redisContext* context) const noexcept;
  void operator()(redisReply* reply) const noexcept;
};
using RedisReply = std::unique_ptr<redisReply, RedisFree>;

/// One connection to a Redis server with a limit for each of its waits. Commands are gathered by
/// `append` and leave together when the first of their replies is asked for. For one thread; after
/// an error of `connect` or `reply` it is of no use any more. A process that uses it ignores
/// SIGPIPE, as a worker does: hiredis writes without MSG_NOSIGNAL.
class RedisConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// ConnectFailed or Timeout. Of a name with several addresses each may take all the time there
  /// is.
  static Result<RedisConnection> connect(const std::string& host, std::uint16_t port,
                                         Deadline deadline);

  /// Words are bytes of any value; none is read as a format. Nothing is sent yet.
  void append(std::span<const std::string_view> words);

  /// The reply to the oldest command that has none, which may be an error of its own. ConnectFailed
  /// where the server has gone, Timeout past the deadline, ProtocolError for what is no reply.
  Result<RedisReply> reply(Deadline deadline);

 private:
  explicit RedisConnection(std::unique_ptr<redisContext, RedisFree> context) noexcept;
  Result<> wait_no_longer_than(Deadline deadline);
  [[nodiscard]] Error failure() const;

  std::unique_ptr<redisContext, RedisFree> context_;
};

}  // namespace bulkhead::worker
