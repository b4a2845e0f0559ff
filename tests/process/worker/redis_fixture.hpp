#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/redis_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/sink_records.hpp"
#include "worker/sink/redis_sink.hpp"

namespace bulkhead::worker {

using Ids = std::vector<std::string>;

inline constexpr const char* kStream = "bulkhead:display-001;cam-001";

class RedisSinkTest : public ::testing::Test {
 protected:
  RedisSinkTest() { std::signal(SIGPIPE, SIG_IGN); }  // as in a worker

  RedisSinkSpec spec_of(const test::RedisServer& server) {
    RedisSinkSpec spec;
    spec.account.port = server.port();
    return spec;
  }
  void open(const RedisSinkSpec& spec) {
    sink_.emplace(spec, SubscriptionId::parse("display-001;cam-001").value());
    const auto opened = sink_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  Error refused_open(const RedisSinkSpec& spec) {
    sink_.emplace(spec, SubscriptionId::parse("display-001;cam-001").value());
    const auto opened = sink_->open();
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  void write(const std::vector<SinkRecord>& batch) {
    const auto written = sink_->write(batch);
    ASSERT_TRUE(written) << written.error().message;
  }
  Error refused_write(const std::vector<SinkRecord>& batch) {
    const auto written = sink_->write(batch);
    EXPECT_FALSE(written);
    return written ? Error{} : written.error();
  }
  void open_again() {
    const auto opened = sink_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  std::optional<RedisSink> sink_;
};

}  // namespace bulkhead::worker
