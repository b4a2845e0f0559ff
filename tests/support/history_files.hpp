#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "ipc/history_file.hpp"
#include "tests/support/hang_limit.hpp"
#include "tests/support/history_records.hpp"
#include "tests/support/temp_dir.hpp"
#include "worker/sink/sqlite_sink.hpp"

namespace bulkhead::test {

inline SubscriptionId session_id(const std::string& name) { return *SubscriptionId::parse(name); }

/// Histories as workers leave them.
class HistoryFiles {
 public:
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_.path(); }

  [[nodiscard]] std::filesystem::path folder(const std::string& session) const {
    const auto made = ipc::history_folder(path(), session_id(session));
    std::filesystem::create_directories(made);
    return made;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& session) const {
    return folder(session) / ipc::kHistoryFileName;
  }

  void write(const std::string& session, const std::vector<worker::SinkRecord>& records) const {
    worker::SqliteSink sink{{.session = session_id(session), .folder = folder(session)}};
    const auto opened = sink.open();
    ASSERT_TRUE(opened) << opened.error().message;
    const auto written = sink.write(records);
    ASSERT_TRUE(written) << written.error().message;
  }

  /// What no worker of ours would do to its file.
  void tamper(const std::string& session, const std::string& sql) const {
    SQLite::Database database{file(session).string(), SQLite::OPEN_READWRITE};
    database.exec("PRAGMA writable_schema=ON");
    database.exec(sql);
  }

 private:
  TempDir folder_;
};

/// The monotonic moment by which a test's read must have ended; it never takes so long.
inline std::int64_t far_ns() {
  return monotonic_ns() + std::chrono::nanoseconds{kHangLimit}.count();
}

}  // namespace bulkhead::test
