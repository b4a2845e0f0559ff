#include "supervisor/model/fetch_queue.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <limits>
#include <utility>

#include "common/clock.hpp"
#include "common/model_limits.hpp"
#include "supervisor/session/refuse.hpp"

namespace bulkhead::supervisor {

FetchQueue::FetchQueue(boost::asio::io_context& loop, FetchProgram program)
    : loop_{loop}, program_{std::move(program)}, timer_{loop} {}

void FetchQueue::add(ipc::FetchJob job, UniqueFd file, FetchRun::Done done) {
  if (waiting_.size() >= limits::kFetchesWaiting) {
    return refuse(loop_, done,
                  {ErrorCode::LimitReached,
                   std::to_string(limits::kFetchesWaiting) +
                       " fetches wait, which is the most; try again later",
                   {}});
  }
  waiting_.push_back({std::move(job), std::move(file), std::move(done)});
  start_some();
}

void FetchQueue::start_some() {
  const std::int64_t now_ns = monotonic_ns();
  std::int64_t earliest_ns = std::numeric_limits<std::int64_t>::max();
  for (auto next = waiting_.begin();
       next != waiting_.end() && running_.size() < limits::kFetchesAtOnce;) {
    const std::int64_t at_ns = ready_ns(*next, now_ns);
    if (at_ns > now_ns) {
      earliest_ns = std::min(earliest_ns, at_ns);
      ++next;
      continue;
    }
    Waiting due = std::move(*next);
    next = waiting_.erase(next);
    if (due.job.url) bucket_of(due.job.url->host, now_ns).take(now_ns);
    start(std::move(due));
  }
  if (earliest_ns != std::numeric_limits<std::int64_t>::max()) look_again_at(earliest_ns, now_ns);
}

void FetchQueue::start(Waiting next) {
  const std::uint64_t number = next_number_++;
  auto run = FetchRun::start(loop_, program_, next.job, next.file.get(),
                             [this, number](const Result<ipc::FetchAnswer>& answer) {
                               const auto ended = running_.extract(number);
                               start_some();
                               ended.mapped().done(answer);
                             });
  if (!run) return refuse(loop_, next.done, run.error());
  running_.emplace(number, Running{std::move(*run), std::move(next.done)});
}

std::int64_t FetchQueue::ready_ns(const Waiting& waiting, std::int64_t now_ns) {
  return waiting.job.url ? bucket_of(waiting.job.url->host, now_ns).ready_ns(now_ns) : now_ns;
}

TokenBucket& FetchQueue::bucket_of(const std::string& host, std::int64_t now_ns) {
  // One that is full says no more than none. All that are not are of fetches of the last seconds,
  // so there are few.
  if (hosts_.size() >= limits::kFetchHosts) {
    std::erase_if(hosts_, [&](const auto& entry) { return entry.second.is_full(now_ns); });
  }
  return hosts_
      .try_emplace(host, limits::kFetchesPerHostPerSecond,
                   std::chrono::milliseconds{limits::kFetchesPerHostBurst})
      .first->second;
}

void FetchQueue::look_again_at(std::int64_t at_ns, std::int64_t now_ns) {
  timer_.expires_after(std::chrono::nanoseconds{at_ns - now_ns});
  timer_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) start_some();
  });
}

void FetchQueue::cancel_all() {
  timer_.cancel();
  const Error error{ErrorCode::Unavailable, "the supervisor is stopping", {}};
  for (auto& [number, running] : std::exchange(running_, {})) refuse(loop_, running.done, error);
  for (const Waiting& waiting : std::exchange(waiting_, {})) refuse(loop_, waiting.done, error);
}

}  // namespace bulkhead::supervisor
