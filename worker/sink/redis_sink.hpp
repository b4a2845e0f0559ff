#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/sink_spec.hpp"
#include "worker/sink/redis_connection.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// Keeps the results of one session in a Redis stream: an entry `<generation>-<1000 * sequence>`
/// for each, with the fields generation, sequence, kind, class and json. A reader that knows the
/// key of the last result it has read goes on with XREAD from there.
///
/// A batch is one transaction (MULTI) and one round trip, so that it is there whole or not at all:
/// were a record refused for want of memory and the next one taken, the first could not follow.
///
/// Why a record is there once: Redis takes no id that is not beyond the last one of its stream, and
/// says so. A refused record is looked up. With the same content it counts as written; so does one
/// older than all that MAXLEN has left, which would go at once. Any other is InvalidParams, so that
/// nothing is lost in silence: it is set aside and can be counted.
///   - A gap is told when it can be, often after later records. It gets the next id after the last
///     entry, for which the thousand is, and may be told twice. A gap whose key an entry has, or a
///     record in whose place a gap is, counts as written: gap_record.hpp makes keys so.
///   - The other records of a session must come in ascending (generation, sequence): the spool sees
///   to
///     that, which one worker has at a time. One that comes late (a dead letter offered again, a
///     former generation that writes beside its successor) is refused with that error.
///   - A state directory that was lost begins again with generation 1 and finds its ids taken by
///     others' content: the same error. Rename or delete the stream then.
///   - A consumer that deletes entries one by one (XDEL) makes a record that is sent again look as
///     one that comes late. Trim with XTRIM, or leave it to `max_length`.
///   - PUBLISH and the latest key are for those who look now: a record that is sent again is told
///     again.
///
/// No TLS, no cluster. For one thread. Each call ends within its limit of limits.hpp.
class RedisSink final : public Sink {
 public:
  RedisSink(RedisSinkSpec spec, const SubscriptionId& session);

  Result<> open() override;
  Result<> write(std::span<const SinkRecord> batch) override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "redis"; }

 private:
  using Deadline = RedisConnection::Deadline;

  Result<> write_within(std::span<const SinkRecord> batch, Deadline deadline);
  void append_batch(std::span<const SinkRecord> batch);
  void append_record(const SinkRecord& record, const std::string& id);
  /// Commands of append_batch between MULTI and EXEC.
  [[nodiscard]] std::size_t commands_of(std::span<const SinkRecord> batch) const;
  /// The records whose ids Redis refused as passed.
  Result<std::vector<const SinkRecord*>> passed(const redisReply& results,
                                                std::span<const SinkRecord> batch) const;
  Result<> look_up(const std::vector<const SinkRecord*>& records, Deadline deadline);
  /// Gaps that could not have their own ids, behind the last entry.
  Result<> add_behind(std::string_view last_id, const std::vector<const SinkRecord*>& gaps,
                      Deadline deadline);

  const RedisSinkSpec spec_;
  const std::string stream_;
  const std::string channel_;                  // empty: none
  const std::string latest_key_;               // empty: none
  std::optional<RedisConnection> connection_;  // absent from a transient error to the next open()
};

}  // namespace bulkhead::worker
