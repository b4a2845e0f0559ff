#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/sink_spec.hpp"
#include "worker/sink/event_picture.hpp"
#include "worker/sink/record_text.hpp"
#include "worker/sink/redis_connection.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// Gives a Redis server one command for each object or event that the action is about.
///
/// Commands leave together in transactions (MULTI) of about limits::kActionBytes, each one round
/// trip. What came of one is not known when the connection is lost, and then it is done again:
/// whoever listens may be told twice, a key has the same value twice. What comes of a template is
/// one word of the command, whatever is in it.
///
/// No TLS, no cluster. Each wait has its limit of limits.hpp. For one thread.
class RedisAction : public Sink {
 public:
  Result<> open() final;
  Result<> write(std::span<const SinkRecord> batch) final;

 protected:
  using Command = std::vector<std::string>;  // its words; none: nothing is to be done

  RedisAction(RedisServerSpec server, RecordFilter when);

 private:
  virtual Result<Command> command_for(const SinkRecord& record, const RecordSubject& subject) = 0;

  Result<> write_all(std::span<const SinkRecord> batch);
  /// What has been gathered, and forgets it.
  Result<> send(std::vector<Command>& commands);

  const RedisServerSpec server_;
  const RecordFilter when_;
  std::optional<RedisConnection> connection_;  // absent from a transient error to the next open()
};

/// PUBLISH channel message.
class RedisPublish final : public RedisAction {
 public:
  explicit RedisPublish(RedisPublishSpec spec);
  [[nodiscard]] std::string_view kind() const noexcept override { return "redis_publish"; }

 private:
  Result<Command> command_for(const SinkRecord& record, const RecordSubject& subject) override;

  const RedisPublishSpec spec_;
};

/// SET key picture EX seconds, of events that name a picture. One that has not come within
/// limits::kEventPictureWait of its frame never will: NotFound, the record's fault.
class RedisSaveImage final : public RedisAction {
 public:
  RedisSaveImage(RedisSaveImageSpec spec, EventPictures pictures);
  [[nodiscard]] std::string_view kind() const noexcept override { return "redis_save_image"; }

 private:
  Result<Command> command_for(const SinkRecord& record, const RecordSubject& subject) override;

  const RedisSaveImageSpec spec_;
  const EventPictures pictures_;
};

}  // namespace bulkhead::worker
