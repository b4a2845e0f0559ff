#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <random>
#include <variant>

#include "ipc/priority_channel.hpp"
#include "tests/support/fixture_worker.hpp"
#include "tests/support/numbered_record.hpp"

namespace bulkhead::ipc {
namespace {

/// Takes records of one worker and checks that each is whole and none is missing before it.
class Checked {
 public:
  explicit Checked(FixtureWorker& worker) : consumer_{worker.segment(), worker.result_doorbell()} {}

  /// Takes what is there. False when a record was torn, missing, or the ring is corrupt.
  bool drain() {
    for (;;) {
      const auto taken = consumer_.try_take();
      if (!taken) return false;
      if (!*taken) return true;
      const auto& detection = std::get<Detection>((*taken)->record.body);
      if (!is_whole(detection) || detection.frame_id != (*taken)->record.sequence) return false;
      // Odd and even numbers go to two classes; each class is in order and without holes.
      Sequence& last = last_[detection.frame_id % 2];
      if (detection.frame_id != (last == 0 ? 2 - detection.frame_id % 2 : last + 2)) return false;
      last = detection.frame_id;
      ++taken_;
    }
  }

  /// Waits for a knock; false when none came although the worker never pauses.
  bool wait() {
    if (!consumer_.prepare_sleep()) return true;
    const bool woken = wait_readable(consumer_.wake_fd(), test::kHangLimit);
    consumer_.woken();
    return woken;
  }

  [[nodiscard]] std::uint64_t taken() const { return taken_; }

  /// Between the two classes at most the record being pushed is missing.
  [[nodiscard]] bool classes_agree() const {
    return last_[0] + 1 == last_[1] || last_[1] + 1 == last_[0];
  }

 private:
  PriorityConsumer consumer_;
  std::array<Sequence, 2> last_{};
  std::uint64_t taken_ = 0;
};

TEST(KilledWorker, LeavesEveryPublishedRecordWholeAndHangsNobody) {
  std::mt19937 random{20260105};
#ifdef BULKHEAD_SANITIZED
  constexpr int kKills = 20;  // a kill takes most of a second
#else
  constexpr int kKills = 200;
#endif
  std::uint64_t taken_total = 0;
  for (int round = 0; round < kKills; ++round) {
    auto worker = FixtureWorker::create();
    ASSERT_TRUE(worker) << worker.error().message;
    worker->start("push_for_ever");
    Checked results{*worker};
    // The kill follows a random number of records while the worker goes on pushing, so it strikes
    // at any instruction: before the first push, in a copy, beside a full ring.
    const std::uint64_t kill_after = random() % 3'000;
    while (results.taken() < kill_after) {
      ASSERT_TRUE(results.drain()) << "round " << round;
      if (results.taken() < kill_after) {
        ASSERT_TRUE(results.wait()) << "round " << round;
      }
    }
    worker->process().kill();
    const auto exit = worker->process().wait_exit();
    ASSERT_TRUE(exit) << "round " << round;
    EXPECT_EQ(exit->signal, SIGKILL);

    ASSERT_TRUE(results.drain()) << "round " << round;
    EXPECT_TRUE(results.taken() == 0 || results.classes_agree()) << "round " << round;
    taken_total += results.taken();
  }
  EXPECT_GT(taken_total, kKills * 500U);
}

TEST(KilledWorker, IsNoticedOnItsControlSocket) {
  auto worker = FixtureWorker::create();
  ASSERT_TRUE(worker);
  worker->start("push_for_ever");
  worker->process().kill();
  ASSERT_TRUE(wait_readable(worker->control().fd(), test::kHangLimit));
  EXPECT_EQ(worker->control().try_receive_hello().error().code, ErrorCode::Unavailable);
}

TEST(KilledWorker, DoesNotMakeItsDoorbellReadableForEver) {
  auto worker = FixtureWorker::create();
  ASSERT_TRUE(worker);
  worker->start("attach_segment");
  ASSERT_TRUE(worker->process().wait_exit());
  EXPECT_FALSE(wait_readable(worker->result_doorbell(), std::chrono::milliseconds{0}));
}

}  // namespace
}  // namespace bulkhead::ipc
