#include "worker/sink/redis_connection.hpp"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::microseconds;

/// What is left, at least a microsecond: zero would mean for ever.
timeval left_until(RedisConnection::Deadline deadline) {
  const auto left = std::max(
      std::chrono::duration_cast<microseconds>(deadline - std::chrono::steady_clock::now()),
      microseconds{1});
  return {.tv_sec = static_cast<time_t>(left.count() / 1'000'000),
          .tv_usec = static_cast<suseconds_t>(left.count() % 1'000'000)};
}

Error no_answer() {
  return {
      ErrorCode::Timeout, "Redis did not answer in time; look at the server and the network", {}};
}

}  // namespace

void RedisFree::operator()(redisContext* context) const noexcept { redisFree(context); }
void RedisFree::operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }

RedisConnection::RedisConnection(std::unique_ptr<redisContext, RedisFree> context) noexcept
    : context_{std::move(context)} {}

Result<RedisConnection> RedisConnection::connect(const std::string& host, std::uint16_t port,
                                                 Deadline deadline) {
  RedisConnection connection{std::unique_ptr<redisContext, RedisFree>{
      redisConnectWithTimeout(host.c_str(), port, left_until(deadline))}};
  if (connection.context_ == nullptr) throw std::bad_alloc{};
  if (connection.context_->err != 0) {
    return Error{ErrorCode::ConnectFailed,
                 "Redis at " + host + ":" + std::to_string(port) + ": " +
                     printable_text(connection.context_->errstr, limits::kReasonBytes),
                 {}};
  }
  return {boost::system::in_place_value, std::move(connection)};
}

void RedisConnection::append(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                             sizes.data()) != REDIS_OK) {
    throw std::bad_alloc{};  // nothing else makes it fail
  }
}

Result<RedisReply> RedisConnection::reply(Deadline deadline) {
  void* got = nullptr;
  if (redisGetReplyFromReader(context_.get(), &got) != REDIS_OK) return failure();
  // Each system call of hiredis waits by itself; together they have no more than what is left.
  for (int done = 0; got == nullptr && done == 0;) {
    if (const auto limited = wait_no_longer_than(deadline); !limited) return limited.error();
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return failure();
  }
  while (got == nullptr) {
    if (const auto limited = wait_no_longer_than(deadline); !limited) return limited.error();
    if (redisBufferRead(context_.get()) != REDIS_OK ||
        redisGetReplyFromReader(context_.get(), &got) != REDIS_OK) {
      return failure();
    }
  }
  return {boost::system::in_place_value, static_cast<redisReply*>(got)};
}

Result<> RedisConnection::wait_no_longer_than(Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline) return no_answer();
  if (redisSetTimeout(context_.get(), left_until(deadline)) != REDIS_OK) return failure();
  return {};
}

Error RedisConnection::failure() const {
  if (context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
    return no_answer();
  const std::string text = printable_text(context_->errstr, limits::kReasonBytes);
  if (context_->err == REDIS_ERR_IO || context_->err == REDIS_ERR_EOF) {
    return {ErrorCode::ConnectFailed, "the connection to Redis is gone: " + text, {}};
  }
  return {ErrorCode::ProtocolError, "what came is no reply of Redis: " + text, {}};
}

}  // namespace bulkhead::worker
