#include "worker/sink/redis_action.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/sink_limits.hpp"
#include "ipc/snapshot_file.hpp"
#include "worker/sink/place_error.hpp"
#include "worker/sink/redis_error.hpp"
#include "worker/sink/redis_session.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::steady_clock;

std::size_t bytes_of(const std::vector<std::string>& words) {
  std::size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size();
  return bytes;
}

/// Of an object or event in pixels of its frame.
std::optional<Box> box_of(const RecordSubject& subject) {
  constexpr double kFarAway = 1e6;  // beyond every picture, and a float still
  const auto side = [&](const char* name) -> std::optional<float> {
    const nlohmann::json* value = value_of({true, {"bbox", name}}, subject);
    if (value == nullptr || !value->is_number()) return {};
    return static_cast<float>(std::clamp(value->get<double>(), -kFarAway, kFarAway));
  };
  const auto x = side("x");
  const auto y = side("y");
  const auto w = side("w");
  const auto h = side("h");
  if (!x || !y || !w || !h) return {};
  return Box{*x, *y, *w, *h};
}

}  // namespace

RedisAction::RedisAction(RedisServerSpec server, RecordFilter when)
    : server_{std::move(server)}, when_{std::move(when)} {}

Result<> RedisAction::open() {
  connection_.reset();
  auto opened = redis_session(server_, steady_clock::now() + limits::kSinkConnectTime);
  if (!opened) return opened.error();
  connection_.emplace(*std::move(opened));
  return {};
}

Result<> RedisAction::write(std::span<const SinkRecord> batch) {
  if (!connection_) return Error{ErrorCode::Unavailable, "Redis is not connected; open first", {}};
  auto done = write_all(batch);
  if (!done && persistence_of(done.error().code) == Persistence::Transient) connection_.reset();
  return done;
}

Result<> RedisAction::write_all(std::span<const SinkRecord> batch) {
  std::vector<Command> commands;
  std::size_t bytes = 0;
  for (const SinkRecord& record : batch) {
    if (!may_concern(when_, record.kind)) continue;
    const auto message = RecordMessage::read(record);
    if (!message) return message.error();
    for (const RecordSubject& subject : message->subjects(when_)) {
      auto command = command_for(record, subject);
      if (!command) return command.error();
      if (command->empty()) continue;
      bytes += bytes_of(*command);
      commands.push_back(*std::move(command));
      if (bytes < limits::kActionBytes) continue;
      if (auto sent = send(commands); !sent) return sent;
      bytes = 0;
    }
  }
  return send(commands);
}

Result<> RedisAction::send(std::vector<Command>& commands) {
  if (commands.empty()) return {};
  begin_transaction(*connection_);
  for (const Command& command : commands) {
    connection_->append(std::vector<std::string_view>{command.begin(), command.end()});
  }
  end_transaction(*connection_);
  const auto results =
      executed(*connection_, commands.size(), steady_clock::now() + limits::kSinkWriteTime);
  commands.clear();
  if (!results) return results.error();
  for (std::size_t i = 0; i < (*results)->elements; ++i) {
    const redisReply* result = (*results)->element[i];
    if (result == nullptr) return no_such_reply();
    if (is_error(*result)) return without_blame(redis_error(text_of(result)));
  }
  return {};
}

RedisPublish::RedisPublish(RedisPublishSpec spec)
    : RedisAction{spec, spec.when}, spec_{std::move(spec)} {}

Result<RedisAction::Command> RedisPublish::command_for(const SinkRecord&,
                                                       const RecordSubject& subject) {
  auto channel = render(spec_.channel, subject);
  if (!channel) return channel.error();
  if (!*channel) return Command{};
  if (const auto* fields = std::get_if<TemplateFields>(&spec_.message)) {
    auto message = render_object(*fields, subject);
    if (!message) return message.error();
    return Command{"PUBLISH", **std::move(channel), *std::move(message)};
  }
  auto message = render(std::get<RecordTemplate>(spec_.message), subject);
  if (!message) return message.error();
  if (!*message) return Command{};
  return Command{"PUBLISH", **std::move(channel), **std::move(message)};
}

RedisSaveImage::RedisSaveImage(RedisSaveImageSpec spec, EventPictures pictures)
    : RedisAction{spec, spec.when}, spec_{std::move(spec)}, pictures_{std::move(pictures)} {}

Result<RedisAction::Command> RedisSaveImage::command_for(const SinkRecord& record,
                                                         const RecordSubject& subject) {
  const nlohmann::json* name = value_of({false, {"snapshot"}}, subject);
  if (name == nullptr || !name->is_string()) return Command{};
  const auto captured_ns = ipc::parse_snapshot_name(name->get_ref<const std::string&>());
  if (!captured_ns) {
    return Error{ErrorCode::InvalidParams, "the record names no picture that there could be", {}};
  }
  std::optional<Box> region;
  if (spec_.is_of_object && !(region = box_of(subject))) return Command{};  // a count is of nobody
  auto key = render(spec_.key, subject);
  if (!key) return key.error();
  if (!*key) return Command{};
  const auto kind = spec_.has_boxes ? ipc::SnapshotKind::WithBoxes : ipc::SnapshotKind::AsSent;
  auto picture = pictures_.read(*captured_ns, kind, record.time_ns);
  if (!picture) return picture.error();
  if (region) picture = cut_out(*picture, *region);
  if (!picture) return picture.error();
  return Command{"SET", **std::move(key), *std::move(picture), "EX",
                 std::to_string(spec_.expire_seconds)};
}

}  // namespace bulkhead::worker
