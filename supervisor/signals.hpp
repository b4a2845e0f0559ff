#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace bulkhead::supervisor {

/// Signals as events of the supervisor's loop; no work is done in a signal handler.
///
/// The first SIGTERM or SIGINT calls `stop` with its number. The second one ends the process at
/// once with 128 + its number: workers die with their supervisor, so nothing is left. SIGHUP (a
/// closed terminal) and SIGPIPE (a client that went away) are ignored from construction on.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, std::function<void(int)> stop);

  /// No more waits, so that the loop can run out of work.
  void close();

 private:
  void wait();

  boost::asio::signal_set set_;
  std::function<void(int)> stop_;
  bool stopping_ = false;
};

}  // namespace bulkhead::supervisor
