#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/postgres_server.hpp"
#include "tests/support/sink_records.hpp"
#include "worker/sink/postgres_sink.hpp"

namespace bulkhead::worker {

/// One server for all tests of the program; each test has a schema and a role of its own.
class PostgresSinkTest : public ::testing::Test {
 protected:
  using Keys = std::vector<std::pair<int, int>>;  // generation and sequence

  static void SetUpTestSuite() {
    if (server_ == nullptr) server_ = std::make_unique<test::PostgresServer>();
  }

  PostgresSinkTest() {
    static int number = 0;
    schema_ = "results_" + std::to_string(++number);
    role_ = "writer_" + std::to_string(number);
    admin("CREATE ROLE " + role_ + " LOGIN PASSWORD 'correct ''horse\\'");
    admin("GRANT CREATE ON DATABASE postgres TO " + role_);
  }

  [[nodiscard]] PostgresSinkSpec spec() const {
    PostgresSinkSpec spec;
    spec.account.port = server_->port();
    spec.account.user = role_;
    spec.account.password = R"(correct 'horse\)";
    spec.database = "postgres";
    spec.schema = schema_;
    return spec;
  }
  [[nodiscard]] static SubscriptionId session() {
    return SubscriptionId::parse("display-001;cam-001").value();
  }

  void open() { open(spec()); }
  void open(const PostgresSinkSpec& spec) {
    sink_.emplace(spec, session());
    open_again();
  }
  void open_again() {
    const auto opened = sink_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  Error refused_open(const PostgresSinkSpec& spec) {
    sink_.emplace(spec, session());
    const auto opened = sink_->open();
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  void write(const std::vector<SinkRecord>& batch) {
    const auto written = sink_->write(batch);
    ASSERT_TRUE(written) << written.error().message;
  }
  /// With the server killed while the batch is on its way, where `is_killed` says so.
  static void write_until_taken(Sink& sink, const std::vector<SinkRecord>& batch, bool is_killed) {
    std::thread killer;
    if (is_killed) killer = std::thread{[] { server_->kill(); }};
    auto written = sink.write(batch);
    if (killer.joinable()) {
      killer.join();
      server_->start();
    }
    while (!written) {
      ASSERT_EQ(persistence_of(written.error().code), Persistence::Transient)
          << written.error().message;
      const auto opened = sink.open();
      ASSERT_TRUE(opened) << opened.error().message;
      written = sink.write(batch);
    }
  }
  Error refused_write(const std::vector<SinkRecord>& batch) {
    const auto written = sink_->write(batch);
    EXPECT_FALSE(written);
    return written ? Error{} : written.error();
  }

  pqxx::result admin(const std::string& statement) {
    pqxx::connection connection{server_->admin_connection()};
    return pqxx::nontransaction{connection}.exec(statement);
  }
  /// The first column of the first row.
  std::string asked(const std::string& statement) {
    return admin(statement).at(0).at(0).as<std::string>("");
  }
  [[nodiscard]] std::string in_schema(const std::string& name) const {
    return schema_ + "." + name;
  }
  Keys keys() {
    Keys keys;
    const auto rows = admin("SELECT generation, sequence FROM " + in_schema("record") +
                            " ORDER BY generation, sequence");
    for (const auto& row : rows) keys.emplace_back(row[0].as<int>(), row[1].as<int>());
    return keys;
  }
  /// Waits until so many wait for a lock.
  void await_blocked(int count = 1) {
    const auto limit = std::chrono::steady_clock::now() + test::kHangLimit;
    const std::string number = std::to_string(count);
    pqxx::connection connection{server_->admin_connection()};
    pqxx::nontransaction asking{connection};
    while (!asking.exec1("SELECT count(*) >= " + number + " FROM pg_locks WHERE NOT granted")[0]
                .as<bool>() &&
           std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
  }

  static Keys keys_of(const std::vector<SinkRecord>& records) {
    Keys keys;
    for (const SinkRecord& record : records) {
      keys.emplace_back(record.generation, record.sequence);
    }
    return keys;
  }

  inline static std::unique_ptr<test::PostgresServer> server_;
  std::string schema_;
  std::string role_;
  std::optional<PostgresSink> sink_;
};

}  // namespace bulkhead::worker
