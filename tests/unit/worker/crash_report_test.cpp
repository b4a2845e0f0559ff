#include "worker/crash_report.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

class CrashReportTest : public ::testing::Test {
 protected:
  [[noreturn]] void write_where_nothing_may_be() {
    report_crashes(log_, SubscriptionId::parse("gate;1").value(), 7);
    auto* page = static_cast<volatile char*>(
        ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::fprintf(stderr, "0x%jx",
                 static_cast<std::uintmax_t>(reinterpret_cast<std::uintptr_t>(page)));
    *page = 1;
    std::_Exit(0);
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream file{log_};
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

  test::TempDir folder_;
  // It is there already, as it is when a worker crashes.
  const std::filesystem::path log_ = folder_.write("worker.log", "");
};

TEST_F(CrashReportTest, AFaultLeavesItsAddressAndItsStackInTheLogAndStillKills) {
  const std::string before = iso8601_utc(wall_ns());
  EXPECT_EXIT(write_where_nothing_may_be(), testing::KilledBySignal(SIGSEGV), "^0x[0-9a-f]+");
  const std::vector<std::string> log = lines();
  ASSERT_GT(log.size(), 2U);
  EXPECT_TRUE(std::regex_search(log[0], std::regex{"crashed signal=SIGSEGV address=0x[0-9a-f]+$"}))
      << log[0];
  for (const std::string& line : log) {
    EXPECT_TRUE(std::regex_search(
        line, std::regex{R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z error gate;1 7 \S+ )"}))
        << line;
  }
  EXPECT_GE(log[0].substr(0, before.size()), before);
  EXPECT_LE(log[0].substr(0, before.size()), iso8601_utc(wall_ns()));
  EXPECT_TRUE(std::regex_search(log[1], std::regex{R"(stack frame=0 at=\S+\+0x[0-9a-f]+)"}))
      << log[1];
}

TEST_F(CrashReportTest, WithoutALogTheWorkerStillDiesOfItsSignal) {
  std::filesystem::remove(log_);
  EXPECT_EXIT(write_where_nothing_may_be(), testing::KilledBySignal(SIGSEGV), "");
  EXPECT_FALSE(std::filesystem::exists(log_));
}

}  // namespace
}  // namespace bulkhead::worker
