#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "common/signal_free_thread.hpp"

namespace bulkhead {

/// The one thread on which files of one kind are read, renamed and removed: a slow disk holds up
/// who asks for those and nobody else. Used by the loop's thread; there is no thread before the
/// first job. The destructor waits for the job that runs; those that wait are left out.
class DiskThread {
 public:
  explicit DiskThread(boost::asio::io_context& loop) : loop_{loop} {}
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;
  ~DiskThread() {
    alive_.reset();
    if (disk_) disk_->join();
  }

  /// `job` on the disk's thread, then `done` with its outcome on the loop, if this is still there.
  template <class Job, class Done>
  void run(Job job, Done done) {
    if (!disk_) start_signal_free(disk_);
    boost::asio::post(*disk_, [job = std::move(job), done = std::move(done), &loop = loop_,
                               alive = std::weak_ptr{alive_},
                               work = boost::asio::make_work_guard(loop_)]() mutable {
      if (alive.expired()) return;
      boost::asio::post(
          loop, [done = std::move(done), outcome = job(), alive = std::move(alive)]() mutable {
            if (!alive.expired()) done(std::move(outcome));
          });
    });
  }

 private:
  boost::asio::io_context& loop_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::optional<boost::asio::thread_pool> disk_;
};

}  // namespace bulkhead
