#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "common/token_bucket.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/model/fetch_run.hpp"

namespace bulkhead::supervisor {

/// All fetches of this supervisor: limits::kFetchesAtOnce run, limits::kFetchesWaiting wait; past
/// those LimitReached. No host is asked more often than limits::kFetchesPerHostPerSecond in the
/// long run, whoever wants its files: what waits for its host lets others pass. Used by the loop's
/// thread.
class FetchQueue {
 public:
  FetchQueue(boost::asio::io_context& loop, FetchProgram program);
  FetchQueue(const FetchQueue&) = delete;
  FetchQueue& operator=(const FetchQueue&) = delete;

  /// `done` as FetchRun has it, on a later turn of the loop.
  void add(ipc::FetchJob job, UniqueFd file, FetchRun::Done done);

  /// Kills what runs; that and what waits is answered with Unavailable.
  void cancel_all();

  [[nodiscard]] const FetchProgram& program() const noexcept { return program_; }

 private:
  struct Waiting {
    ipc::FetchJob job;
    UniqueFd file;
    FetchRun::Done done;
  };
  struct Running {
    std::unique_ptr<FetchRun> run;
    FetchRun::Done done;
  };

  void start_some();
  void start(Waiting next);
  [[nodiscard]] std::int64_t ready_ns(const Waiting& waiting, std::int64_t now_ns);
  TokenBucket& bucket_of(const std::string& host, std::int64_t now_ns);
  void look_again_at(std::int64_t at_ns, std::int64_t now_ns);

  boost::asio::io_context& loop_;
  const FetchProgram program_;
  std::deque<Waiting> waiting_;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t next_number_ = 0;
  std::map<std::string, TokenBucket> hosts_;
  boost::asio::steady_timer timer_;
};

}  // namespace bulkhead::supervisor
