#include "supervisor/service_notifier.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/support/notify_socket.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using test::NotifySocket;

TEST(ServiceNotifier, WithoutAServiceManagerNothingHappens) {
  const ServiceNotifier notifier = ServiceNotifier::from_environment();
  notifier.ready();
  EXPECT_EQ(notifier.alive_interval(), std::nullopt);
}

TEST(ServiceNotifier, SaysWhatIsTheCaseToAPathOrAnAbstractName) {
  const test::TempDir folder;
  for (const std::string& address :
       {(folder.path() / "notify").string(), "@bulkhead-test-" + std::to_string(::getpid())}) {
    const NotifySocket manager{address};
    const ServiceNotifier notifier = ServiceNotifier::from_environment();
    notifier.ready();
    EXPECT_EQ(manager.next(), "READY=1");
    notifier.alive();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    notifier.stopping();
    EXPECT_EQ(manager.next(), "STOPPING=1");
  }
}

TEST(ServiceNotifier, IsAliveTwiceInTheTimeItsManagerWaits) {
  const test::TempDir folder;
  const NotifySocket manager{folder.path() / "notify"};
  const auto interval = [](const std::string& microseconds, const std::string& pid) {
    ::setenv("WATCHDOG_USEC", microseconds.c_str(), 1);
    ::setenv("WATCHDOG_PID", pid.c_str(), 1);
    return ServiceNotifier::from_environment().alive_interval();
  };
  const std::string own = std::to_string(::getpid());
  EXPECT_EQ(interval("10000000", own), 5s);
  EXPECT_EQ(interval("10000000", ""), 5s);
  EXPECT_EQ(interval("1", own), 1ms);
  EXPECT_EQ(interval("18446744073709551615", own), 12h);
  EXPECT_EQ(interval("10000000", "1"), std::nullopt) << "another process is watched";
  for (const char* none : {"", "0", "-1", "soon", "18446744073709551616"}) {
    EXPECT_EQ(interval(none, own), std::nullopt) << none;
  }
}

TEST(ServiceNotifier, AManagerThatDoesNotReadCostsNothing) {
  const test::TempDir folder;
  const NotifySocket manager{folder.path() / "notify"};
  const ServiceNotifier notifier = ServiceNotifier::from_environment();
  for (int i = 0; i < 10'000; ++i) notifier.alive();  // far more than its queue takes
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
}

TEST(ServiceNotifier, AnAddressThatIsNoneIsLeftAlone) {
  for (const std::string& address :
       {std::string{}, std::string{"relative"}, std::string{"/"}, "/" + std::string(200, 'x')}) {
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    ServiceNotifier::from_environment().ready();
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace bulkhead::supervisor
