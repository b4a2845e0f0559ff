#include "worker/publish/result_publisher.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "ipc/priority_channel.hpp"

namespace bulkhead::worker {
namespace {

using ipc::PriorityClass;
using namespace std::chrono_literals;

/// A publisher and, at the other end of a real segment, the supervisor's consumer.
class ResultPublisherTest : public testing::Test {
 protected:
  std::vector<ipc::PriorityConsumer::Taken> take_all() {
    std::vector<ipc::PriorityConsumer::Taken> all;
    for (;;) {
      auto taken = consumer_.try_take();
      EXPECT_TRUE(taken) << taken.error().message;
      if (!taken || !*taken) return all;
      all.push_back(std::move(**taken));
    }
  }

  template <class Body>
  static std::vector<ipc::Record> only(const std::vector<ipc::PriorityConsumer::Taken>& taken) {
    std::vector<ipc::Record> found;
    for (const auto& [priority, record] : taken) {
      if (std::holds_alternative<Body>(record.body)) found.push_back(record);
    }
    return found;
  }

  static Detection detection(std::uint64_t frame_id, std::size_t objects) {
    Detection detection{.frame_id = frame_id, .width = 640, .height = 480, .objects = {}};
    detection.objects.assign(objects, Object{.box = {1, 2, 3, 4}, .confidence = 0.5F});
    return detection;
  }

  std::uint64_t dropped(PriorityClass priority) const {
    return segment_.status().results_dropped_total[index_of(priority)].load();
  }

  /// Publishes until the class refuses one; how many were published, the refused included.
  std::uint64_t fill(PriorityClass priority, std::size_t objects) {
    std::uint64_t count = 0;
    for (; dropped(priority) == 0; ++count) {
      publisher_.publish(priority, detection(count + 1, objects));
    }
    return count;
  }

  void fill_again(PriorityClass priority, std::size_t objects) {
    const std::uint64_t before = dropped(priority);
    while (dropped(priority) == before) publisher_.publish(priority, detection(1, objects));
  }

  ipc::ShmSegment segment_ = ipc::ShmSegment::create().value();
  std::pair<UniqueFd, UniqueFd> bell_ = ipc::Doorbell::create_pair().value();
  ipc::PriorityConsumer consumer_{segment_, bell_.first.get()};
  ExitRequest exit_ = ExitRequest::create().value();
  ResultPublisher publisher_{segment_, bell_.second.get(), exit_};
};

TEST_F(ResultPublisherTest, NumbersAllClassesAsOneSequenceAndCountsThem) {
  publisher_.publish(PriorityClass::Control, ipc::CameraChange{});
  publisher_.publish(PriorityClass::Important, detection(1, 1));
  publisher_.publish(PriorityClass::Bulk, detection(2, 0));
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), 3U);
  for (std::size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i].record.sequence, i + 1);
  EXPECT_EQ(segment_.status().results_published_total.load(), 3U);
}

TEST_F(ResultPublisherTest, ImportantAndBulkExpireEachAtItsTimeAndNothingElseDoes) {
  publisher_.publish(PriorityClass::Control, ipc::CameraChange{});
  publisher_.publish(PriorityClass::Critical, ipc::Fatal{});
  publisher_.publish(PriorityClass::Important, detection(1, 1));
  publisher_.publish(PriorityClass::Bulk, detection(2, 0));
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), 4U);
  EXPECT_EQ(taken[0].record.deadline_ns, 0);
  EXPECT_EQ(taken[1].record.deadline_ns, 0);
  const auto time_of = [&](std::size_t i) {
    return std::chrono::nanoseconds{taken[i].record.deadline_ns - taken[i].record.publish_ns};
  };
  EXPECT_NEAR(static_cast<double>(time_of(2) / 1s), limits::kImportantTtl / 1s, 1);
  EXPECT_NEAR(static_cast<double>(time_of(3) / 1s), limits::kBulkTtl / 1s, 1);
}

TEST_F(ResultPublisherTest, ThatBulkIsPausedAndGoesOnIsToldOnControlOnceEach) {
  const auto alerts = [&](const auto& taken) {
    std::vector<bool> active;
    for (const auto& [priority, record] : taken) {
      const auto* alert = std::get_if<ipc::Alert>(&record.body);
      if (alert == nullptr) continue;
      EXPECT_EQ(alert->kind, ipc::AlertKind::ResultQueuePressure);
      EXPECT_EQ(priority, PriorityClass::Control);
      active.push_back(alert->active);
    }
    return active;
  };
  for (int i = 0; i < 20; ++i) publisher_.publish(PriorityClass::Important, detection(1, 300));
  EXPECT_TRUE(publisher_.flush());
  EXPECT_EQ(alerts(take_all()), std::vector<bool>{}) << "half full";
  EXPECT_TRUE(publisher_.flush());

  fill(PriorityClass::Important, 300);
  publisher_.publish(PriorityClass::Bulk, detection(1, 0));
  EXPECT_EQ(segment_.status().result_pauses_total.load(), 1U);
  EXPECT_EQ(dropped(PriorityClass::Bulk), 1U);
  EXPECT_EQ(alerts(take_all()), std::vector<bool>{true});
  EXPECT_TRUE(publisher_.flush());
  EXPECT_EQ(alerts(take_all()), std::vector<bool>{false});

  // Again at once: counted, but who reads would take a second alert so soon for a fault.
  fill_again(PriorityClass::Important, 300);
  EXPECT_EQ(segment_.status().result_pauses_total.load(), 2U);
  EXPECT_EQ(alerts(take_all()), std::vector<bool>{});
}

TEST_F(ResultPublisherTest, AFullImportantRingLosesTheNewestAndAGapNamesThem) {
  const std::uint64_t published = fill(PriorityClass::Important, 300);
  publisher_.publish(PriorityClass::Important, detection(published + 1, 300));
  EXPECT_EQ(dropped(PriorityClass::Important), 2U);

  const auto taken = take_all();
  EXPECT_EQ(only<Detection>(taken).size(), published - 1);
  EXPECT_TRUE(only<ipc::Gap>(taken).empty()) << "said before there was room";

  EXPECT_TRUE(publisher_.flush());
  const auto gaps = only<ipc::Gap>(take_all());
  ASSERT_EQ(gaps.size(), 1U);
  const auto& gap = std::get<ipc::Gap>(gaps[0].body);
  EXPECT_EQ(gap.priority, PriorityClass::Important);
  // One number before them is the alert's, that BULK is paused.
  EXPECT_EQ(gap.from, published + 1);
  EXPECT_EQ(gap.to, published + 2);
  EXPECT_EQ(gap.count, 2U);
}

TEST_F(ResultPublisherTest, EveryNumberIsEitherReadOrNamedByAGap) {
  std::uint64_t frame = 0;
  std::set<Sequence> seen;
  std::uint64_t missing = 0;
  const auto read = [&] {
    for (const auto& taken : take_all()) {
      EXPECT_TRUE(seen.insert(taken.record.sequence).second) << "read twice";
      if (const auto* gap = std::get_if<ipc::Gap>(&taken.record.body)) missing += gap->count;
    }
  };
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3000; ++i) {
      const std::size_t objects = i % 3 == 0 ? 0 : 20;
      publisher_.publish(objects == 0 ? PriorityClass::Bulk : PriorityClass::Important,
                         detection(++frame, objects));
    }
    read();
    publisher_.flush();
    read();
  }
  const std::uint64_t dropped_total =
      dropped(PriorityClass::Important) + dropped(PriorityClass::Bulk);
  EXPECT_GT(dropped_total, 0U) << "the test did not fill the rings";
  EXPECT_EQ(missing, dropped_total);
  EXPECT_EQ(*seen.rbegin(), seen.size() + missing);
}

TEST_F(ResultPublisherTest, BulkPausesUnderPressureOfImportantAndResumesBelowHalf) {
  fill(PriorityClass::Important, 20);
  publisher_.publish(PriorityClass::Bulk, detection(1, 0));
  EXPECT_EQ(dropped(PriorityClass::Bulk), 1U) << "the BULK ring is empty, but must make way";

  // Read a quarter: below 80 %, above 50 %.
  const std::uint64_t in_ring = segment_.status().results_published_total.load();
  for (std::uint64_t i = 0; i < in_ring / 4; ++i) ASSERT_TRUE(consumer_.try_take().value());
  publisher_.publish(PriorityClass::Bulk, detection(2, 0));
  EXPECT_EQ(dropped(PriorityClass::Bulk), 2U) << "resumed above half";

  for (std::uint64_t i = 0; i < in_ring / 2; ++i) ASSERT_TRUE(consumer_.try_take().value());
  publisher_.publish(PriorityClass::Bulk, detection(3, 0));
  EXPECT_EQ(dropped(PriorityClass::Bulk), 2U) << "still paused below half";
}

TEST_F(ResultPublisherTest, ControlThatFindsNoRoomComesLaterAndInOrder) {
  const std::string text(limits::kReasonBytes, 'x');
  std::uint64_t request = 0;
  const auto ack = [&](std::size_t text_bytes) {
    publisher_.publish(PriorityClass::Control,
                       ipc::Ack{.request_id = ++request, .text = text.substr(0, text_bytes)});
  };
  while (publisher_.flush()) ack(text.size());
  for (int i = 0; i < 10; ++i) ack(0);  // these would fit, but must not overtake

  std::uint64_t expected = 0;
  const auto read_acks = [&] {
    for (const ipc::Record& record : only<ipc::Ack>(take_all())) {
      EXPECT_EQ(std::get<ipc::Ack>(record.body).request_id, ++expected);
      EXPECT_EQ(record.sequence, expected);
    }
  };
  read_acks();
  EXPECT_TRUE(publisher_.flush());
  read_acks();
  EXPECT_EQ(expected, request) << "a CONTROL result was lost";
  EXPECT_EQ(exit_.requested(), std::nullopt);
}

TEST_F(ResultPublisherTest, CriticalIsKeptWhileItsRingIsFull) {
  const std::string text(limits::kReasonBytes, 'x');
  int published = 0;
  for (; publisher_.flush(); ++published) {
    publisher_.publish(PriorityClass::Critical, ipc::Fatal{ErrorCode::Internal, text});
  }
  std::size_t read = only<ipc::Fatal>(take_all()).size();
  EXPECT_TRUE(publisher_.flush());
  read += only<ipc::Fatal>(take_all()).size();
  EXPECT_EQ(read, static_cast<std::size_t>(published));
}

TEST_F(ResultPublisherTest, AReaderThatNeverReadsControlEndsTheWorker) {
  const std::string text(limits::kReasonBytes, 'x');
  while (publisher_.flush()) {
    publisher_.publish(PriorityClass::Control, ipc::Ack{.request_id = 1, .text = text});
  }
  for (std::size_t i = 1; i < limits::kPendingRecords; ++i) {
    publisher_.publish(PriorityClass::Control, ipc::Ack{.request_id = 1, .text = text});
  }
  EXPECT_EQ(exit_.requested(), std::nullopt);
  publisher_.publish(PriorityClass::Control, ipc::Ack{.request_id = 1, .text = text});
  EXPECT_EQ(exit_.requested(), ipc::kExitInternal);
  EXPECT_EQ(dropped(PriorityClass::Control), 1U);
}

TEST_F(ResultPublisherTest, StateFillsNoMoreThanHalfOfControlHoweverLongNobodyReads) {
  const auto tell = [this] { publisher_.publish(PriorityClass::Control, ipc::CanaryReport{}); };
  std::size_t told = 0;
  for (; publisher_.takes_state(); ++told) tell();
  ASSERT_TRUE(consumer_.try_take());
  EXPECT_TRUE(publisher_.takes_state()) << "one less than half";
  tell();
  EXPECT_FALSE(publisher_.takes_state());
  std::size_t more = 0;
  for (; publisher_.flush(); ++more) tell();
  EXPECT_NEAR(static_cast<double>(more), static_cast<double>(told), 2) << "the other half";
  take_all();
  EXPECT_TRUE(publisher_.takes_state()) << "what was pending goes first";
  EXPECT_EQ(only<ipc::CanaryReport>(take_all()).size(), 1U);
  EXPECT_EQ(exit_.requested(), std::nullopt);
}

TEST_F(ResultPublisherTest, SeveralThreadsShareItWithoutLosingOrMixingResults) {
  constexpr std::uint64_t kEach = 200;
  {
    std::jthread acks{[this] {
      for (std::uint64_t i = 1; i <= kEach; ++i) {
        publisher_.publish(PriorityClass::Control, ipc::Ack{.request_id = i, .text = {}});
      }
    }};
    std::jthread detections{[this] {
      for (std::uint64_t i = 1; i <= kEach; ++i) {
        publisher_.publish(PriorityClass::Important, detection(i, 2));
      }
    }};
  }
  std::set<Sequence> sequences;
  for (const auto& taken : take_all()) sequences.insert(taken.record.sequence);
  EXPECT_EQ(sequences.size(), 2 * kEach);
  EXPECT_EQ(*sequences.rbegin(), 2 * kEach);
}

}  // namespace
}  // namespace bulkhead::worker
