#pragma once

#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <optional>

namespace bulkhead {

/// Starts a pool of one thread that takes no signal: SIGTERM that it caught while the program
/// becomes the next, in which the loop's thread lets it wait, would be lost. For the loop's thread.
inline void start_signal_free(std::optional<boost::asio::thread_pool>& pool) {
  sigset_t all{};
  sigset_t before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pool.emplace(1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace bulkhead
