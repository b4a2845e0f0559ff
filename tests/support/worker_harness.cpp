#include "tests/support/worker_harness.hpp"

#include <poll.h>

#include <array>
#include <memory>
#include <span>

#include "common/clock.hpp"

namespace bulkhead::test {

namespace {

int to_ms(std::chrono::milliseconds limit) { return static_cast<int>(limit.count()); }

}  // namespace

Result<WorkerHarness> WorkerHarness::spawn() {
  auto segment = ipc::ShmSegment::create();
  if (!segment) return segment.error();
  auto control = ipc::ControlSocket::create_pair();
  if (!control) return control.error();
  auto commands = ipc::Doorbell::create_pair();
  if (!commands) return commands.error();
  auto results = ipc::Doorbell::create_pair();
  if (!results) return results.error();
  const std::int64_t spawned_ns = monotonic_ns();
  auto process =
      supervisor::WorkerProcess::spawn({.executable = BULKHEAD_WORKER,
                                        .arguments = {"--cache-dir", BULKHEAD_TEST_CACHE_DIR},
                                        .control_fd = control->second.get(),
                                        .segment_fd = segment->fd(),
                                        .command_doorbell_fd = commands->second.get(),
                                        .result_doorbell_fd = results->second.get(),
                                        .limits = {}});
  if (!process) return process.error();
  // The worker's ends are the worker's alone from here on: they close with `control` and the rest.
  return WorkerHarness{
      std::move(*segment),
      {std::move(control->first), std::move(commands->first), std::move(results->first)},
      std::move(*process),
      spawned_ns};
}

WorkerHarness::WorkerHarness(ipc::ShmSegment segment, Ends ends, supervisor::WorkerProcess process,
                             std::int64_t spawned_ns)
    : segment_{std::make_unique<ipc::ShmSegment>(std::move(segment))},
      control_{std::move(ends.control)},
      command_bell_{std::move(ends.commands)},
      result_bell_{std::move(ends.results)},
      commands_{segment_->command_ring()},
      command_doorbell_{&segment_->command_consumer_sleeping(), command_bell_.get()},
      results_{*segment_, result_bell_.get()},
      process_{std::move(process)},
      spawned_ns_{spawned_ns} {}

Result<ipc::Hello> WorkerHarness::hello() {
  pollfd waited{control_->fd(), POLLIN, 0};
  if (::poll(&waited, 1, to_ms(kHangLimit)) != 1) {
    return Error{ErrorCode::Timeout, "no hello", {}};
  }
  const auto received = control_->try_receive_hello();
  if (!received) return received.error();
  if (!*received) return Error{ErrorCode::Timeout, "no hello", {}};
  return **received;
}

std::uint64_t WorkerHarness::send(ipc::CommandBody body, std::int64_t deadline_ns) {
  std::vector<std::byte> message;
  encode(ipc::Command{++last_request_, deadline_ns, std::move(body)}, message);
  send_bytes(message);
  return last_request_;
}

void WorkerHarness::send_bytes(std::span<const std::byte> message) {
  if (commands_.try_push(message)) command_doorbell_.ring();
}

std::optional<WorkerHarness::Taken> WorkerHarness::next() {
  bool ended = false;
  for (;;) {
    auto taken = results_.try_take();
    if (!taken) return std::nullopt;
    if (*taken) {
      if (std::holds_alternative<ipc::AskToConnect>((*taken)->record.body))
        send(ipc::OpenCamera{.left = {}});
      return std::move(**taken);
    }
    if (ended) return std::nullopt;
    if (!results_.prepare_sleep()) continue;
    std::array<pollfd, 2> waited{pollfd{result_bell_.get(), POLLIN, 0},
                                 pollfd{process_.exit_fd(), POLLIN, 0}};
    const int ready = ::poll(waited.data(), waited.size(), to_ms(kHangLimit));
    results_.woken();
    if (ready == 0) return std::nullopt;
    ended = waited[1].revents != 0;  // what it said last is still to be read
  }
}

}  // namespace bulkhead::test
