// Question: what does a sink make of a batch of 32 records, beside writing them one by one as is
// done without a batch: one XADD and its reply, one INSERT and its transaction? And an action, with
// something for each of a record's four objects: one PUBLISH, one row of a table?
//
//   bench/sinks.py                starts a server of each kind and runs this
//   bench_sinks --redis PORT --postgres PORT [--rounds N] [--records N]

#include <hiredis/hiredis.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "bench/must.hpp"
#include "common/clock.hpp"
#include "worker/sink/postgres_sink.hpp"
#include "worker/sink/postgres_upsert.hpp"
#include "worker/sink/redis_action.hpp"
#include "worker/sink/redis_connection.hpp"
#include "worker/sink/redis_sink.hpp"

namespace {

using namespace bulkhead;
using bench::must;

constexpr std::size_t kBatch = 32;

struct Options {
  std::uint16_t redis = 0;
  std::uint16_t postgres = 0;
  int rounds = 7;
  std::size_t records = 3200;
};

/// A detection with four objects, as clients get it: about 800 bytes.
std::string message(Sequence sequence) {
  std::string objects;
  for (int i = 0; i < 4; ++i) {
    objects += std::string{i == 0 ? "" : ","} + R"({"id":"4-17-2","trackId":)" +
               std::to_string(12 + i) + R"(,"label":"person","labelId":0,"confidence":0.)" +
               std::to_string(10 + sequence % 90) +  // a row that stays as it was is not written
               ","
               R"("bbox":{"x":411,"y":220,"w":310,"h":180},)"
               R"("bboxNorm":{"xMin":0.214,"yMin":0.204,"xMax":0.375,"yMax":0.37}})";
  }
  return R"({"v":1,"session":"bench","generation":1,"sequence":)" + std::to_string(sequence) +
         R"(,"width":1920,"height":1080,"objects":[)" + objects + "]}";
}

std::vector<worker::SinkRecord> records_of(Sequence first, std::size_t count) {
  std::vector<worker::SinkRecord> records(count);
  for (worker::SinkRecord& record : records) {
    record.generation = 1;
    record.sequence = first++;
    record.time_ns = wall_ns();
    record.json = message(record.sequence);
  }
  return records;
}

struct Cost {
  double records_per_second = 0;
  double cpu_us_per_record = 0;  // of the writing process, kernel included
};

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

/// A way to write, and what it cost in each round.
struct Way {
  std::string name;
  std::function<void(std::span<const worker::SinkRecord>)> write;
  std::vector<Cost> rounds;
  Sequence next = 1;

  void run(std::size_t count) {
    const auto records = records_of(next, count);
    next += count;
    const double cpu = cpu_us();
    const std::int64_t start = monotonic_ns();
    write(records);
    const double seconds = to_seconds(monotonic_ns() - start);
    const auto total = static_cast<double>(count);
    rounds.push_back({total / seconds, (cpu_us() - cpu) / total});
  }

  [[nodiscard]] double median(double Cost::*figure) const {
    std::vector<double> values;
    for (const Cost& cost : rounds) values.push_back(cost.*figure);
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
  }
};

void in_batches(worker::Sink& sink, std::span<const worker::SinkRecord> records) {
  while (!records.empty()) {
    const std::size_t count = std::min(kBatch, records.size());
    if (const auto done = sink.write(records.first(count)); !done) {
      bench::fail(done.error().message);
    }
    records = records.subspan(count);
  }
}

void redis_one_by_one(worker::RedisConnection& redis, std::span<const worker::SinkRecord> records) {
  for (const worker::SinkRecord& record : records) {
    const std::array<std::string_view, 5> words{"XADD", "plain", "*", "json", record.json};
    redis.append(words);
    const auto reply = redis.reply(std::chrono::steady_clock::now() + std::chrono::seconds{5});
    if (!reply || (*reply)->type == REDIS_REPLY_ERROR) bench::fail("XADD");
  }
}

void postgres_one_by_one(pqxx::connection& postgres, std::span<const worker::SinkRecord> records) {
  for (const worker::SinkRecord& record : records) {
    pqxx::nontransaction{postgres}.exec_prepared("one", record.sequence, record.time_ns / 1000,
                                                 record.json);
  }
}

/// What a program does that reads results and tells of each object by itself.
void each_object(std::span<const worker::SinkRecord> records,
                 const std::function<void(const nlohmann::json& object)>& tell) {
  for (const worker::SinkRecord& record : records) {
    const auto result = nlohmann::json::parse(record.json);
    for (const nlohmann::json& object : result["objects"]) tell(object);
  }
}

void publish_one_by_one(worker::RedisConnection& redis,
                        std::span<const worker::SinkRecord> records) {
  each_object(records, [&](const nlohmann::json& object) {
    const nlohmann::json told{{"track", object["trackId"]},
                              {"label", object["label"]},
                              {"confidence", object["confidence"]}};
    const std::string text = told.dump();
    const std::array<std::string_view, 3> words{"PUBLISH", "plain", text};
    redis.append(words);
    const auto reply = redis.reply(std::chrono::steady_clock::now() + std::chrono::seconds{5});
    if (!reply || (*reply)->type == REDIS_REPLY_ERROR) bench::fail("PUBLISH");
  });
}

void upsert_one_by_one(pqxx::connection& postgres, std::span<const worker::SinkRecord> records) {
  each_object(records, [&](const nlohmann::json& object) {
    pqxx::nontransaction{postgres}.exec_prepared("row", "plain-" + object["trackId"].dump(),
                                                 object["label"].get<std::string>(),
                                                 object["confidence"].get<double>());
  });
}

RecordTemplate written(const std::string& text) { return must(RecordTemplate::parse(text)); }

void print(const Way& batched, const Way& plain) {
  const double rate = batched.median(&Cost::records_per_second);
  const double cpu = batched.median(&Cost::cpu_us_per_record);
  std::printf("| %s | %.0f | %.1f | %.0f | %.1f | %.1f | %.1f |\n", batched.name.c_str(), rate, cpu,
              plain.median(&Cost::records_per_second), plain.median(&Cost::cpu_us_per_record),
              rate / plain.median(&Cost::records_per_second),
              plain.median(&Cost::cpu_us_per_record) / cpu);
}

void run(const Options& options) {
  const auto session = must(SubscriptionId::parse("bench"));
  RedisSinkSpec redis_spec;
  redis_spec.account.port = options.redis;
  worker::RedisSink redis_sink{redis_spec, session};
  PostgresSinkSpec postgres_spec;
  postgres_spec.account.port = options.postgres;
  postgres_spec.database = "postgres";
  worker::PostgresSink postgres_sink{postgres_spec, session};
  RedisPublishSpec publish_spec;
  publish_spec.account.port = options.redis;
  publish_spec.channel = written("objects:{session}");
  publish_spec.message = TemplateFields{{"track", written("{track}")},
                                        {"label", written("{label}")},
                                        {"confidence", written("{confidence}")}};
  worker::RedisPublish publish{publish_spec};
  PostgresUpsertSpec upsert_spec;
  upsert_spec.account.port = options.postgres;
  upsert_spec.database = "postgres";
  upsert_spec.table = "objects";
  upsert_spec.key = {{"track", written("{session}-{track}")}};
  upsert_spec.fields = {{"label", written("{label}")}, {"confidence", written("{confidence}")}};
  worker::PostgresUpsert upsert{upsert_spec, session};
  pqxx::connection postgres{"host=127.0.0.1 user=bulkhead dbname=postgres port=" +
                            std::to_string(options.postgres)};
  pqxx::nontransaction{postgres}.exec(
      "CREATE TABLE objects (track text PRIMARY KEY, label text, confidence double precision)");
  for (worker::Sink* sink :
       std::initializer_list<worker::Sink*>{&redis_sink, &postgres_sink, &publish, &upsert}) {
    if (const auto opened = sink->open(); !opened) bench::fail(opened.error().message);
  }
  auto redis = must(worker::RedisConnection::connect(
      "127.0.0.1", options.redis, std::chrono::steady_clock::now() + std::chrono::seconds{5}));
  pqxx::nontransaction{postgres}.exec(
      "CREATE TABLE plain (sequence bigint, time timestamptz, message jsonb, "
      "PRIMARY KEY (sequence, time))");
  postgres.prepare("one",
                   "INSERT INTO plain VALUES ($1, timestamptz 'epoch' + $2::bigint * interval "
                   "'1 microsecond', $3)");
  postgres.prepare("row",
                   "INSERT INTO objects VALUES ($1, $2, $3) ON CONFLICT (track) DO UPDATE "
                   "SET label = EXCLUDED.label, confidence = EXCLUDED.confidence");

  std::array ways{
      Way{"Redis", [&](auto records) { in_batches(redis_sink, records); }, {}},
      Way{"", [&](auto records) { redis_one_by_one(redis, records); }, {}},
      Way{"PostgreSQL", [&](auto records) { in_batches(postgres_sink, records); }, {}},
      Way{"", [&](auto records) { postgres_one_by_one(postgres, records); }, {}},
      Way{"`redis_publish`", [&](auto records) { in_batches(publish, records); }, {}},
      Way{"", [&](auto records) { publish_one_by_one(redis, records); }, {}},
      Way{"`postgres_upsert_combined`", [&](auto records) { in_batches(upsert, records); }, {}},
      Way{"", [&](auto records) { upsert_one_by_one(postgres, records); }, {}}};
  for (int round = 0; round < options.rounds; ++round) {
    for (Way& way : ways) way.run(options.records);
  }
  std::printf(
      "| sink | records/s | CPU µs a record | one by one: records/s | CPU µs | × rate | ÷ CPU |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n");
  for (std::size_t i = 0; i < ways.size(); i += 2) print(ways[i], ways[i + 1]);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  CLI::App app{"Batches of 32 records beside one by one"};
  app.add_option("--redis", options.redis, "port of a server on loopback")->required();
  app.add_option("--postgres", options.postgres, "port of a server on loopback")->required();
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--records", options.records, "of a round")->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  run(options);
}
