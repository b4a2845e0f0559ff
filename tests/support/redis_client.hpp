#pragma once

#include <hiredis/hiredis.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/hang_limit.hpp"
#include "worker/sink/redis_connection.hpp"

namespace bulkhead::test {

/// One entry of a stream: its id, and fields and values in turn.
struct StreamEntry {
  std::string id;
  std::vector<std::string> fields;
};

/// What looks into a Redis server beside the sink.
class RedisClient {
 public:
  explicit RedisClient(std::uint16_t port)
      : connection_{worker::RedisConnection::connect("127.0.0.1", port, later()).value()} {}

  worker::RedisReply call(const std::vector<std::string_view>& words) {
    connection_.append(words);
    auto reply = connection_.reply(later());
    if (!reply) throw std::runtime_error{reply.error().message};
    return std::move(*reply);
  }

  /// The text of a reply, or its number; that of an error as well.
  std::string text(const std::vector<std::string_view>& words) {
    const auto reply = call(words);
    if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
    return reply->str == nullptr ? "" : std::string{reply->str, reply->len};
  }

  std::vector<StreamEntry> stream(std::string_view key) {
    const auto range = call({"XRANGE", key, "-", "+"});
    std::vector<StreamEntry> entries;
    for (std::size_t i = 0; i < range->elements; ++i) {
      const redisReply& entry = *range->element[i];
      StreamEntry& added =
          entries.emplace_back(StreamEntry{{entry.element[0]->str, entry.element[0]->len}, {}});
      for (std::size_t k = 0; k < entry.element[1]->elements; ++k) {
        const redisReply& field = *entry.element[1]->element[k];
        added.fields.emplace_back(field.str, field.len);
      }
    }
    return entries;
  }

  std::vector<std::string> ids(std::string_view key) {
    std::vector<std::string> ids;
    for (const StreamEntry& entry : stream(key)) ids.push_back(entry.id);
    return ids;
  }

  /// The next message of a subscription that `call` has begun.
  worker::RedisReply next_message() {
    auto reply = connection_.reply(later());
    if (!reply) throw std::runtime_error{reply.error().message};
    return std::move(*reply);
  }

 private:
  static worker::RedisConnection::Deadline later() {
    return std::chrono::steady_clock::now() + kHangLimit;
  }

  worker::RedisConnection connection_;
};

}  // namespace bulkhead::test
