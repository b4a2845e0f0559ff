#include "worker/sink/redis_sink.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>

#include "common/sink_limits.hpp"
#include "worker/sink/place_error.hpp"
#include "worker/sink/record_kind.hpp"
#include "worker/sink/redis_error.hpp"
#include "worker/sink/redis_session.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::steady_clock;

/// Of an entry in a stream: they only ascend.
struct StreamId {
  std::uint64_t generation = 0;
  std::uint64_t step = 0;

  auto operator<=>(const StreamId&) const = default;
  [[nodiscard]] std::string text() const {
    return std::to_string(generation) + "-" + std::to_string(step);
  }
};

/// Between two records, for gaps that come late.
constexpr std::uint64_t kStepsOfRecord = 1000;

StreamId id_of(const SinkRecord& record) noexcept {
  return {record.generation, record.sequence * kStepsOfRecord};
}

std::optional<StreamId> parse_id(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  StreamId id;
  const auto dash = std::from_chars(text.data(), end, id.generation);
  if (dash.ec != std::errc{} || dash.ptr == end) return {};
  if (std::from_chars(dash.ptr + 1, end, id.step).ec != std::errc{}) return {};
  return id;
}

/// The first entry of a reply to XRANGE; nullptr where there is none.
const redisReply* first_entry(const redisReply& range) noexcept {
  if (range.type != REDIS_REPLY_ARRAY || range.elements == 0) return nullptr;
  return is_array_of(range.element[0], 2) ? range.element[0] : nullptr;
}

std::string_view field_of(const redisReply& entry, std::string_view name) noexcept {
  const redisReply* fields = entry.element[1];
  if (fields == nullptr || fields->type != REDIS_REPLY_ARRAY) return {};
  for (std::size_t i = 0; i + 1 < fields->elements; i += 2) {
    if (text_of(fields->element[i]) == name) return text_of(fields->element[i + 1]);
  }
  return {};
}

std::string_view id_text_of(const redisReply* entry) noexcept {
  return entry == nullptr ? std::string_view{} : text_of(entry->element[0]);
}

/// What an entry says of a record whose id it has. Of a gap and what it tells only one is there.
bool is_same(const redisReply& entry, const SinkRecord& record) noexcept {
  return field_of(entry, "json") == record.json || record.kind == RecordKind::Gap ||
         field_of(entry, "kind") == name_of(RecordKind::Gap);
}

Error refused(const SinkRecord& record, std::string_view why) {
  return {ErrorCode::InvalidParams,
          "record " + std::to_string(record.generation) + "/" + std::to_string(record.sequence) +
              " " + std::string{why},
          {}};
}

}  // namespace

RedisSink::RedisSink(RedisSinkSpec spec, const SubscriptionId& session)
    : spec_{std::move(spec)},
      stream_{for_session(spec_.stream, session.text())},
      channel_{for_session(spec_.publish, session.text())},
      latest_key_{for_session(spec_.latest_key, session.text())} {}

Result<> RedisSink::open() {
  connection_.reset();
  auto opened = redis_session(spec_, steady_clock::now() + limits::kSinkConnectTime);
  if (!opened) return opened.error();
  connection_.emplace(*std::move(opened));
  return {};
}

Result<> RedisSink::write(std::span<const SinkRecord> batch) {
  if (!connection_) return Error{ErrorCode::Unavailable, "Redis is not connected; open first", {}};
  auto done = write_within(batch, steady_clock::now() + limits::kSinkWriteTime);
  if (!done && persistence_of(done.error().code) == Persistence::Transient) connection_.reset();
  return done;
}

Result<> RedisSink::write_within(std::span<const SinkRecord> batch, Deadline deadline) {
  append_batch(batch);
  const auto results = executed(*connection_, commands_of(batch), deadline);
  if (!results) return results.error();
  const auto refused_ids = passed(**results, batch);
  if (!refused_ids) return refused_ids.error();
  return refused_ids->empty() ? Result<>{} : look_up(*refused_ids, deadline);
}

std::size_t RedisSink::commands_of(std::span<const SinkRecord> batch) const {
  const std::size_t for_each = channel_.empty() ? 1 : 2;
  const bool has_latest =
      !latest_key_.empty() && std::any_of(batch.begin(), batch.end(), [](const SinkRecord& record) {
        return record.kind == RecordKind::Detection;
      });
  return batch.size() * for_each + (has_latest ? 1 : 0);
}

void RedisSink::append_batch(std::span<const SinkRecord> batch) {
  begin_transaction(*connection_);
  // XADDs first, so that the results of the transaction begin with one for each record.
  const SinkRecord* latest = nullptr;
  for (const SinkRecord& record : batch) {
    append_record(record, id_of(record).text());
    if (record.kind == RecordKind::Detection) latest = &record;
  }
  for (const SinkRecord& record : batch) {
    if (channel_.empty()) break;
    connection_->append(std::array<std::string_view, 3>{"PUBLISH", channel_, record.json});
  }
  if (latest != nullptr && !latest_key_.empty()) {
    const std::string seconds = std::to_string(spec_.latest_seconds);
    connection_->append(
        std::array<std::string_view, 5>{"SET", latest_key_, latest->json, "EX", seconds});
  }
  end_transaction(*connection_);
}

void RedisSink::append_record(const SinkRecord& record, const std::string& id) {
  const std::string generation = std::to_string(record.generation);
  const std::string sequence = std::to_string(record.sequence);
  const std::string max_length = std::to_string(spec_.max_length);
  connection_->append(std::array<std::string_view, 16>{
      "XADD", stream_, "MAXLEN", "~", max_length, id, "generation", generation, "sequence",
      sequence, "kind", name_of(record.kind), "class", ipc::name_of(record.priority), "json",
      record.json});
}

Result<std::vector<const SinkRecord*>> RedisSink::passed(const redisReply& results,
                                                         std::span<const SinkRecord> batch) const {
  std::vector<const SinkRecord*> records;
  for (std::size_t i = 0; i < results.elements; ++i) {
    const redisReply* result = results.element[i];
    if (result == nullptr || !is_error(*result)) continue;
    if (i >= batch.size() || !is_passed_id(text_of(result))) {
      return without_blame(redis_error(text_of(result)));
    }
    records.push_back(&batch[i]);
  }
  return records;
}

Result<> RedisSink::look_up(const std::vector<const SinkRecord*>& records, Deadline deadline) {
  connection_->append(std::array<std::string_view, 6>{"XRANGE", stream_, "-", "+", "COUNT", "1"});
  connection_->append(
      std::array<std::string_view, 6>{"XREVRANGE", stream_, "+", "-", "COUNT", "1"});
  for (const SinkRecord* record : records) {
    const std::string id = id_of(*record).text();
    connection_->append(std::array<std::string_view, 4>{"XRANGE", stream_, id, id});
  }
  std::vector<RedisReply> replies;
  std::optional<Error> failure;
  for (std::size_t i = 0; i < records.size() + 2; ++i) {
    auto reply = connection_->reply(deadline);
    if (!reply) return reply.error();
    if (is_error(**reply)) failure = without_blame(redis_error(text_of(reply->get())));
    replies.push_back(std::move(*reply));
  }
  if (failure) return *failure;
  // Without a first entry the stream is empty: whatever was refused has been there.
  const auto first = parse_id(id_text_of(first_entry(*replies[0])));
  std::vector<const SinkRecord*> late_gaps;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SinkRecord& record = *records[i];
    const redisReply* entry = first_entry(*replies[i + 2]);
    if (entry != nullptr) {
      if (is_same(*entry, record)) continue;
      return refused(record, "has the id of another one; rename or delete the stream " + stream_ +
                                 " if it is of a former installation");
    }
    if (!first || id_of(record) < *first) continue;  // it would be the first to be trimmed
    if (record.kind != RecordKind::Gap) {
      return refused(record, "comes after a later one, which Redis does not take");
    }
    late_gaps.push_back(&record);
  }
  if (late_gaps.empty()) return {};
  return add_behind(id_text_of(first_entry(*replies[1])), late_gaps, deadline);
}

Result<> RedisSink::add_behind(std::string_view last_id, const std::vector<const SinkRecord*>& gaps,
                               Deadline deadline) {
  const auto last = parse_id(last_id);
  if (!last) return no_such_reply();
  std::uint64_t step = last->step;
  for (const SinkRecord* gap : gaps) {
    if (++step % kStepsOfRecord == 0) return refused(*gap, "finds no room behind the last entry");
    append_record(*gap, StreamId{last->generation, step}.text());
  }
  std::optional<Error> failure;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const auto added = connection_->reply(deadline);
    if (!added) return added.error();
    if (!is_error(**added) || failure) continue;
    // The id is free unless the entry that had it was deleted.
    failure = is_passed_id(text_of(added->get()))
                  ? refused(*gaps[i], "comes after a later one, which Redis does not take")
                  : without_blame(redis_error(text_of(added->get())));
  }
  if (failure) return *failure;
  return {};
}

}  // namespace bulkhead::worker
