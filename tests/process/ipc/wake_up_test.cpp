#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "ipc/command.hpp"
#include "ipc/priority_channel.hpp"
#include "tests/support/fixture_worker.hpp"

namespace bulkhead::ipc {
namespace {

/// The next record, slept for; nothing when a knock was lost or the worker misbehaved.
std::optional<Record> wait_for_record(PriorityConsumer& results) {
  for (;;) {
    auto taken = results.try_take();
    if (!taken) return {};
    if (*taken) return std::move((*taken)->record);
    if (!results.prepare_sleep()) continue;
    const bool woken = wait_readable(results.wake_fd(), test::kHangLimit);
    results.woken();
    if (!woken) return {};
  }
}

TEST(WakeUp, IsNeverLostBetweenTwoProcessesThatSleepBetweenAllMessages) {
  auto worker = FixtureWorker::create();
  ASSERT_TRUE(worker) << worker.error().message;
  worker->start("answer_commands");
  PriorityConsumer results{worker->segment(), worker->result_doorbell()};
  SpscRingProducer commands{worker->segment().command_ring()};
  Doorbell doorbell{&worker->segment().command_consumer_sleeping(), worker->command_doorbell()};
  std::vector<std::byte> message;
  const auto send = [&](std::uint64_t request_id, CommandBody body) {
    encode(Command{.request_id = request_id, .deadline_ns = 0, .body = std::move(body)}, message);
    ASSERT_TRUE(commands.try_push(message));
    doorbell.ring();
  };

  // 50,000 commands and as many answers: 100,000 messages, each a chance to sleep beside it.
  for (std::uint64_t id = 1; id <= 50'000; ++id) {
    send(id, TakeSnapshot{});
    const auto answer = wait_for_record(results);
    ASSERT_TRUE(answer) << "command " << id;
    ASSERT_EQ(std::get<Ack>(answer->body).request_id, id);
    ASSERT_EQ(answer->sequence, id);
  }
  send(0, Stop{});
  const auto exit = worker->process().wait_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, 0);
  EXPECT_EQ(exit->code, kExitOk);
}

}  // namespace
}  // namespace bulkhead::ipc
