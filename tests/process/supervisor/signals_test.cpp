#include "supervisor/signals.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "tests/support/hang_limit.hpp"

namespace bulkhead::supervisor {
namespace {

using test::kHangLimit;

/// Runs `body` in a process of its own, for signals concern whole processes; gives its wait status.
template <class Body>
int status_of_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

TEST(SignalsTest, TheFirstSignalAsksForAStopInOrder) {
  const int status = status_of_child([] {
    boost::asio::io_context loop;
    int asked = 0;
    Signals signals{loop, [&](int number) {
                      asked = number;
                      signals.close();
                    }};
    ::kill(::getpid(), SIGTERM);
    loop.run_for(kHangLimit);
    return loop.stopped() ? asked : 99;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), SIGTERM);
}

TEST(SignalsTest, TheSecondSignalEndsTheProcessAtOnce) {
  const int status = status_of_child([] {
    boost::asio::io_context loop;
    Signals signals{loop, [](int) { ::kill(::getpid(), SIGINT); }};  // a stop that never ends
    ::kill(::getpid(), SIGTERM);
    loop.run_for(kHangLimit);
    return 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
}

TEST(SignalsTest, AClosedTerminalAndAClosedPipeChangeNothing) {
  const int status = status_of_child([] {
    boost::asio::io_context loop;
    Signals signals{loop, [&](int) { loop.stop(); }};
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGPIPE);
    ::kill(::getpid(), SIGTERM);
    loop.run_for(kHangLimit);
    return 7;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace bulkhead::supervisor
