#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/command.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/priority_channel.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/spsc_ring.hpp"
#include "ipc/start_message.hpp"
#include "supervisor/process/worker_process.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::test {

/// What a supervisor has of one worker, and no more: the real program as a child, its segment,
/// doorbells and control socket. For tests and benches that want to see a worker alone. Killed and
/// reaped with this object. Used by one thread.
class WorkerHarness {
 public:
  using Taken = ipc::PriorityConsumer::Taken;

  static Result<WorkerHarness> spawn();

  /// Waits for the worker's first word.
  Result<ipc::Hello> hello();

  void send_start(const std::string& json) { sent_ = control_->send_start(json).has_value(); }
  [[nodiscard]] bool sent() const noexcept { return sent_; }

  /// Ends the control socket, as the death of a supervisor does.
  void hang_up() { control_.reset(); }

  /// Numbers the command and sends it. `deadline_ns` as in ipc::Command.
  std::uint64_t send(ipc::CommandBody body, std::int64_t deadline_ns = 0);
  void send_bytes(std::span<const std::byte> message);

  /// The next record of any class. A worker that asks to connect may do so at once, as where nobody
  /// else waits. Nothing once the worker has ended and all was read, after
  /// kHangLimit, or when the rings are corrupt.
  std::optional<Taken> next();

  /// Reads on until a record of this kind satisfies `wanted`; all that is passed over is dropped.
  template <class Body>
  std::optional<Body> until(const std::function<bool(const Body&)>& wanted) {
    while (auto taken = next()) {
      if (auto* body = std::get_if<Body>(&taken->record.body); body != nullptr && wanted(*body)) {
        return std::move(*body);
      }
    }
    return std::nullopt;
  }
  template <class Body>
  std::optional<Body> until() {
    return until<Body>([](const Body&) { return true; });
  }

  /// Nothing when the worker still runs after `limit`.
  std::optional<supervisor::ExitStatus> wait_exit(std::chrono::milliseconds limit = kHangLimit) {
    return process_.wait_exit(limit);
  }

  supervisor::WorkerProcess& process() noexcept { return process_; }
  [[nodiscard]] const ipc::ShmSegment& segment() const noexcept { return *segment_; }
  [[nodiscard]] ipc::StatusPage& status() const noexcept { return segment_->status(); }
  /// Monotonic time just before the spawn.
  [[nodiscard]] std::int64_t spawned_ns() const noexcept { return spawned_ns_; }

 private:
  struct Ends {
    ipc::ControlSocket control;
    UniqueFd commands;
    UniqueFd results;
  };

  WorkerHarness(ipc::ShmSegment segment, Ends ends, supervisor::WorkerProcess process,
                std::int64_t spawned_ns);

  std::unique_ptr<ipc::ShmSegment> segment_;  // stays where the rings know it
  std::optional<ipc::ControlSocket> control_;
  UniqueFd command_bell_;
  UniqueFd result_bell_;
  ipc::SpscRingProducer commands_;
  ipc::Doorbell command_doorbell_;
  ipc::PriorityConsumer results_;
  supervisor::WorkerProcess process_;
  std::int64_t spawned_ns_;
  std::uint64_t last_request_ = 0;
  bool sent_ = false;
};

}  // namespace bulkhead::test
