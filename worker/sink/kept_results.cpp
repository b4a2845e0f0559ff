#include "worker/sink/kept_results.hpp"

#include <chrono>
#include <utility>
#include <variant>

#include "common/clock.hpp"
#include "common/sink_spec.hpp"
#include "ipc/result_text.hpp"
#include "worker/sink/postgres_sink.hpp"
#include "worker/sink/postgres_upsert.hpp"
#include "worker/sink/redis_action.hpp"
#include "worker/sink/redis_sink.hpp"
#include "worker/sink/sqlite_sink.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1024} * 1024;

class SinkOf {
 public:
  SinkOf(const ipc::StartMessage& start, const std::shared_ptr<spdlog::logger>& log)
      : start_{start}, log_{log} {}

  std::unique_ptr<Sink> operator()(const SqliteSinkSpec& spec) const {
    return std::make_unique<SqliteSink>(
        SqliteSinkOptions{.session = start_.spec.id,
                          .folder = start_.history_dir,
                          .max_age = std::chrono::days{spec.retention_days},
                          .max_bytes = spec.max_mb * kMegabyte,
                          .log = log_});
  }
  std::unique_ptr<Sink> operator()(const RedisSinkSpec& spec) const {
    return std::make_unique<RedisSink>(spec, start_.spec.id);
  }
  std::unique_ptr<Sink> operator()(const PostgresSinkSpec& spec) const {
    return std::make_unique<PostgresSink>(spec, start_.spec.id);
  }
  std::unique_ptr<Sink> operator()(const RedisPublishSpec& spec) const {
    return std::make_unique<RedisPublish>(spec);
  }
  std::unique_ptr<Sink> operator()(const RedisSaveImageSpec& spec) const {
    return std::make_unique<RedisSaveImage>(spec, EventPictures{start_.history_dir});
  }
  std::unique_ptr<Sink> operator()(const PostgresUpsertSpec& spec) const {
    return std::make_unique<PostgresUpsert>(spec, start_.spec.id);
  }

 private:
  const ipc::StartMessage& start_;
  const std::shared_ptr<spdlog::logger>& log_;
};

}  // namespace

std::vector<NamedSink> sinks_of(const ipc::StartMessage& start,
                                const std::shared_ptr<spdlog::logger>& log) {
  std::vector<NamedSink> sinks;
  for (const SinkSpec& spec : start.sinks) {
    sinks.push_back({spec.name, std::visit(SinkOf{start, log}, spec.place)});
  }
  return sinks;
}

void KeptResults::keep(Sequence sequence, ipc::PriorityClass priority, const Detection& detection) {
  if (detection.objects.empty()) return;
  SinkRecord record{.generation = generation_,
                    .sequence = sequence,
                    .kind = RecordKind::Detection,
                    .priority = priority,
                    .time_ns = detection.capture_wall_ns,
                    .json = "{"};
  ipc::append_detection(record.json,
                        {.session = session_.text(),
                         .generation = generation_,
                         .sequence = sequence,
                         .model = model_,
                         .zones = &zones_},
                        detection, monotonic_ns());
  record.json += '}';
  sinks_.offer(std::move(record));
}

void KeptResults::keep(Sequence sequence, ipc::PriorityClass priority, const ipc::Event& event) {
  SinkRecord record{.generation = generation_,
                    .sequence = sequence,
                    .kind = RecordKind::Event,
                    .priority = priority,
                    .time_ns = event.capture_wall_ns,
                    .json = "{"};
  ipc::append_event(record.json,
                    {.session = session_.text(),
                     .generation = generation_,
                     .sequence = sequence,
                     .priority = priority,
                     .label = ipc::label_of(event.object.label_id, model_),
                     .attributes = ipc::attributes_json(event.object, model_)},
                    event);
  record.json += '}';
  sinks_.offer(std::move(record));
}

}  // namespace bulkhead::worker
