#pragma once

#include "worker/sink/sqlite_sink.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "ipc/history_file.hpp"
#include "tests/support/history_records.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/sink/sqlite_error.hpp"

namespace bulkhead::worker {

namespace fs = std::filesystem;
using test::detection;
using test::SeenThing;

inline constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;

class SqliteSinkTest : public ::testing::Test {
 protected:
  void SetUp() override { make(); }

  SqliteSinkOptions options(const std::string& session = "hall;1") {
    auto log = std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(told_, true));
    return {.session = *SubscriptionId::parse(session), .folder = folder_.path(), .log = log};
  }

  void make(SqliteSinkOptions given) {
    sink_.emplace(std::move(given));
    const auto opened = sink_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void make() { make(options()); }

  void write(const std::vector<SinkRecord>& batch) {
    const auto written = sink_->write(batch);
    ASSERT_TRUE(written) << written.error().message;
  }

  [[nodiscard]] fs::path file() const { return folder_.path() / ipc::kHistoryFileName; }

  [[nodiscard]] std::int64_t number(const std::string& query) const {
    SQLite::Database database{file().string()};
    return database.execAndGet(query).getInt64();
  }

  [[nodiscard]] std::vector<std::int64_t> sequences() const {
    SQLite::Database database{file().string()};
    SQLite::Statement rows{database, "SELECT sequence FROM result ORDER BY time_ns"};
    std::vector<std::int64_t> found;
    while (rows.executeStep()) found.push_back(rows.getColumn(0).getInt64());
    return found;
  }

  [[nodiscard]] std::int64_t postings(ipc::HistoryTerm term, const std::string& first,
                                      const std::string& second = {}) const {
    return number("SELECT count(*) FROM posting WHERE key=" +
                  std::to_string(ipc::history_key(term, first, second)));
  }

  test::TempDir folder_;
  std::ostringstream told_;
  std::optional<SqliteSink> sink_;
  const std::int64_t now_ = wall_ns();
};

}  // namespace bulkhead::worker
