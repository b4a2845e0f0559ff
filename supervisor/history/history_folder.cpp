#include "supervisor/history/history_folder.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "supervisor/history/history_page.hpp"

namespace bulkhead::supervisor {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kQueryNs = std::chrono::nanoseconds{limits::kHistoryQueryTime}.count();

}  // namespace

HistoryFolder::HistoryFolder(asio::io_context& loop, std::filesystem::path folder,
                             std::shared_ptr<spdlog::logger> log, std::size_t most)
    : loop_{loop},
      path_{std::move(folder)},
      log_{std::move(log)},
      most_{most},
      sweep_timer_{loop},
      disk_{loop} {}

Result<> HistoryFolder::admit(const std::string& reader) {
  if (waiting_total_ >= most_) {
    return Error{ErrorCode::LimitReached,
                 std::to_string(most_) + " queries wait, which is the most; try again later",
                 {}};
  }
  if (waiting_[reader] >= std::max<std::size_t>(most_ / 4, 1)) {
    return Error{ErrorCode::LimitReached,
                 "you have " + std::to_string(waiting_[reader]) +
                     " queries waiting, which is the most; wait for one",
                 {}};
  }
  ++waiting_[reader];
  ++waiting_total_;
  return {};
}

void HistoryFolder::answered(const std::string& reader) {
  --waiting_total_;
  if (--waiting_[reader] == 0) waiting_.erase(reader);
}

void HistoryFolder::query(HistoryQuery query, std::function<void(Result<HistoryPage>)> done) {
  if (const auto admitted = admit(query.reader); !admitted) {
    return asio::post(loop_, [done = std::move(done), error = admitted.error()] { done(error); });
  }
  const std::string reader = query.reader;
  disk_.run(
      [path = path_, query = std::move(query)] {
        return read_history_page(path, query, monotonic_ns() + kQueryNs);
      },
      [this, reader, done = std::move(done)](HistoryPage page) {
        answered(reader);
        done(std::move(page));
      });
}

void HistoryFolder::snapshot(SnapshotQuery query, std::function<void(Result<std::string>)> done) {
  if (const auto admitted = admit(query.reader); !admitted) {
    return asio::post(loop_, [done = std::move(done), error = admitted.error()] { done(error); });
  }
  const std::string reader = query.reader;
  disk_.run([path = path_, query = std::move(query)] { return read_snapshot(path, query); },
            [this, reader, done = std::move(done)](Result<std::string> jpeg) {
              answered(reader);
              done(std::move(jpeg));
            });
}

void HistoryFolder::keep_for(std::chrono::seconds max_age) {
  sweep(max_age);
  sweep_timer_.start(limits::kHistorySweepTime, [this, max_age] { sweep(max_age); });
}

void HistoryFolder::sweep(std::chrono::seconds max_age) {
  const std::int64_t age_ns = std::chrono::nanoseconds{max_age}.count();
  disk_.run([path = path_, age_ns] { return sweep_history(path, age_ns); },
            [this](std::size_t gone) {
              if (gone > 0 && log_) {
                log_->info("{} histories that nobody has written to for too long were removed",
                           gone);
              }
            });
}

}  // namespace bulkhead::supervisor
