#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/disk_thread.hpp"
#include "common/periodic_timer.hpp"
#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "supervisor/history/history_query.hpp"
#include "supervisor/history/snapshot_file.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// The histories of all sessions, whether or not there is a worker, or a session, any more; and the
/// one thread that reads them: a slow disk holds up readers of histories and nobody else. Used by
/// the supervisor's loop. There is no thread before the first query.
///
/// At most `most` queries wait, a quarter of them of one reader; beyond that LimitReached.
class HistoryFolder {
 public:
  HistoryFolder(boost::asio::io_context& loop, std::filesystem::path folder,
                std::shared_ptr<spdlog::logger> log = {},
                std::size_t most = limits::kHistoryQueries);
  HistoryFolder(const HistoryFolder&) = delete;
  HistoryFolder& operator=(const HistoryFolder&) = delete;

  /// Answers in a later turn of the loop.
  void query(HistoryQuery query, std::function<void(Result<HistoryPage>)> done);

  /// The JPEG of an event, likewise. The errors of read_snapshot.
  void snapshot(SnapshotQuery query, std::function<void(Result<std::string>)> done);

  /// Now, and from then on once each limits::kHistorySweepTime: what no worker takes away.
  void keep_for(std::chrono::seconds max_age);

  /// No more of that: otherwise the loop would never be without work.
  void stop_keeping() { sweep_timer_.stop(); }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void sweep(std::chrono::seconds max_age);
  [[nodiscard]] Result<> admit(const std::string& reader);
  void answered(const std::string& reader);

  boost::asio::io_context& loop_;
  std::filesystem::path path_;
  std::shared_ptr<spdlog::logger> log_;
  std::size_t most_;
  std::map<std::string, std::size_t> waiting_;  // queries by who asked
  std::size_t waiting_total_ = 0;
  PeriodicTimer sweep_timer_;
  DiskThread disk_;  // the last, so that the first to go: what waits is not begun any more
};

}  // namespace bulkhead::supervisor
