// What the supervisor makes of a fetch that misbehaves, and of too many of them. The program is a
// script of the test's own in the place of bulkhead-model-fetch.

#include "supervisor/model/fetch_queue.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/model_limits.hpp"
#include "tests/support/hang_limit.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

const std::string kDigits(64, '0');
const std::string kAnswer = R"({"bytes":4,"sha256":")" + kDigits + R"("})";

class FetchQueueTest : public testing::Test {
 protected:
  FetchProgram program(const std::string& script) {
    const auto file = dir_.write("fetch", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return {.executable = file};
  }

  static ipc::FetchJob job(const std::string& host = "a") {
    return {.kind = ipc::FetchJob::Kind::Model,
            .url = ModelUrl::parse("https://" + host + "/m#sha256=" + kDigits).value(),
            .max_bytes = 1,
            .time_s = 1,
            .silence_s = 1};
  }

  /// How a fetch by `script` ends.
  Result<ipc::FetchAnswer> outcome(const std::string& script) {
    std::optional<Result<ipc::FetchAnswer>> told;
    const auto run = FetchRun::start(
        loop_, program(script), job(), file_.get(),
        [&](const Result<ipc::FetchAnswer>& answer) { told = answer; }, 0ms);
    if (!run) return run.error();
    loop_.run_for(test::kHangLimit);
    EXPECT_TRUE(told);
    return *told;
  }

  test::TempDir dir_;
  boost::asio::io_context loop_;
  UniqueFd file_{::open("/dev/null", O_RDWR | O_CLOEXEC)};
};

TEST_F(FetchQueueTest, AnAnswerIsHandedOn) {
  const auto answer = outcome("echo '" + kAnswer + "' >&3");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->bytes, 4U);
}

TEST_F(FetchQueueTest, AnErrorThatItAnswersIsTheResults) {
  const auto answer = outcome(R"(echo '{"error":{"code":28,"message":"no"}}' >&3)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::AddressDenied);
  EXPECT_EQ(answer.error().message, "no");
}

TEST_F(FetchQueueTest, WhatIsNoAnswerIsAnErrorOfTheProtocol) {
  for (const char* text : {"garbage", "{}", R"({"bytes":-1})", R"({"bytes":1,"sha256":"x"})",
                           R"({"error":{"code":0,"message":"no"}})", R"({"surprise":1})"}) {
    const auto answer = outcome(std::string{"echo '"} + text + "' >&3");
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, ErrorCode::ProtocolError) << text;
    loop_.restart();
  }
}

TEST_F(FetchQueueTest, OneThatDiesOrSaysNothingIsToldAsSuch) {
  for (const char* script : {"kill -9 $$", "exit 3", "exit 0"}) {
    const auto answer = outcome(script);
    ASSERT_FALSE(answer) << script;
    EXPECT_EQ(answer.error().code, ErrorCode::WorkerDied) << script;
    loop_.restart();
  }
  EXPECT_EQ(outcome("exit 72").error().code, ErrorCode::OutOfMemory);
}

TEST_F(FetchQueueTest, OneThatDoesNotEndInTimeIsKilled) {
  EXPECT_EQ(outcome("exec sleep 1000").error().code, ErrorCode::Timeout);
}

TEST_F(FetchQueueTest, AProgramThatIsNotThereIsToldLater) {
  FetchQueue queue{loop_, {.executable = dir_.path() / "nowhere"}};
  std::optional<ErrorCode> told;
  queue.add(job(), UniqueFd{::dup(file_.get())},
            [&](const Result<ipc::FetchAnswer>& answer) { told = answer.error().code; });
  EXPECT_FALSE(told);
  loop_.run_for(test::kHangLimit);
  EXPECT_EQ(told, ErrorCode::SpawnFailed);
}

TEST_F(FetchQueueTest, AHostThatIsAskedTooOftenWaitsAndLetsOthersPass) {
  FetchQueue queue{loop_, program("echo '" + kAnswer + "' >&3")};
  const auto burst = static_cast<std::size_t>(
      limits::kFetchesPerHostPerSecond *
      static_cast<double>(std::chrono::seconds{limits::kFetchesPerHostBurst}.count()));
  std::vector<std::string> ended;
  const auto add = [&](const std::string& host) {
    queue.add(job(host), UniqueFd{::dup(file_.get())},
              [&ended, host](const Result<ipc::FetchAnswer>& answer) {
                EXPECT_TRUE(answer);
                ended.push_back(host);
              });
  };
  for (std::size_t i = 0; i <= burst; ++i) add("often");
  add("seldom");
  loop_.run_for(test::kHangLimit);
  ASSERT_EQ(ended.size(), burst + 2);
  EXPECT_EQ(ended.back(), "often");
}

TEST_F(FetchQueueTest, PastWhatMayWaitOneIsRefusedAndTheEndAnswersAllOthers) {
  FetchQueue queue{loop_, program("exec sleep 1000")};
  std::vector<ErrorCode> told;
  for (std::size_t i = 0; i <= limits::kFetchesAtOnce + limits::kFetchesWaiting; ++i) {
    queue.add(job("host" + std::to_string(i)), UniqueFd{::dup(file_.get())},
              [&](const Result<ipc::FetchAnswer>& answer) { told.push_back(answer.error().code); });
  }
  loop_.poll();
  EXPECT_EQ(told, std::vector{ErrorCode::LimitReached});
  queue.cancel_all();
  loop_.restart();
  loop_.run_for(test::kHangLimit);
  EXPECT_EQ(told.size(), 1 + limits::kFetchesAtOnce + limits::kFetchesWaiting);
  EXPECT_EQ(told.back(), ErrorCode::Unavailable);
}

}  // namespace
}  // namespace bulkhead::supervisor
