#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "supervisor/control/subscriber.hpp"
#include "tests/support/result_events.hpp"

namespace bulkhead::supervisor {

/// A hub with one camera's sample of a result, and what a client of it is told.
class SubscriberFixture : public ::testing::Test {
 protected:
  SubscriberFixture() { sample_.detection.objects = {testing::car(0.9F)}; }

  Subscriber subscriber(ControlLimits limits = {}) {
    return Subscriber{hub_, limits, [this] { ++woken_; }};
  }

  void publish(const std::string& name = "cam") {
    sample_.session = SubscriptionId::parse(name).value();
    ++sample_.sequence;
    hub_.publish(sample_.event());
  }

  void publish_state(const std::string& name) {
    const auto id = SubscriptionId::parse(name).value();
    const std::string text;
    hub_.publish(StateEvent{.session = id,
                            .generation = 1,
                            .from = SessionState::Starting,
                            .to = SessionState::Live,
                            .at_wall_ns = 0,
                            .reason = ErrorCode::None,
                            .text = text,
                            .removed = false});
  }

  void publish_alert(const std::string& name, bool active) {
    const auto id = SubscriptionId::parse(name).value();
    const std::string text = active ? "dark" : "sees again";
    hub_.publish(AlertEvent{.session = id,
                            .generation = 3,
                            .kind = ipc::AlertKind::DarkPicture,
                            .active = active,
                            .since_wall_ns = 0,
                            .text = text});
  }

  static nlohmann::json text_of(const Outgoing& out) {
    return nlohmann::json::parse(std::string{out.head} + std::string{out.tail});
  }

  /// Everything there is to send, in order, by method and stream; replies as they are.
  static std::vector<std::string> drain(Subscriber& subscriber) {
    std::vector<std::string> told;
    while (auto out = subscriber.next(monotonic_ns())) {
      if (out->tail.empty() && !out->head.starts_with('{')) {
        told.emplace_back(out->head);
        continue;
      }
      const nlohmann::json message = text_of(*out);
      told.push_back(message["method"].get<std::string>() + " " +
                     message["params"]["streamId"].get<std::string>());
    }
    return told;
  }

  int woken_ = 0;
  Hub hub_;
  testing::SampleResult sample_;
};

}  // namespace bulkhead::supervisor
