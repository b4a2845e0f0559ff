#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "ipc/command.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/preview_slot.hpp"
#include "ipc/priority_channel.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/spsc_ring.hpp"
#include "supervisor/process/worker_process.hpp"
#include "supervisor/session/descriptor_wait.hpp"

namespace bulkhead::supervisor {

/// One worker as the supervisor holds it: the process, the shared memory, the socket and the
/// doorbells between them. All of it begins and ends together; nothing is used for a second worker.
///
/// Until it is told its session it is a spare, which loads what is the same for all of them. Owned
/// by WarmSpares and then by Incarnation, used by the loop's thread. It reports and obeys; what to
/// do about what it reports is theirs. Records are read at most limits::kRecordsPerTurn at a time,
/// then other sessions have their turn.
class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
  struct Private {};  // only start() constructs

 public:
  /// The same for every session.
  struct Program {
    std::string executable;
    std::string cache_dir;  // absolute
    std::uint32_t uid = 0;  // whom a worker becomes; 0: nobody else
    std::uint32_t gid = 0;
    WorkerLimits limits;
  };

  /// Called on the loop, never from within a call to this object except `poll`. They may let go
  /// of the link.
  struct Events {
    std::function<void(const ipc::PriorityConsumer::Taken&)> record;
    std::function<void(const Error&)> broken;  // protocol violated: nothing more is read, kill it
    std::function<void(const ExitStatus&)> exited;  // after its last valid record; the last call
  };

  /// SpawnFailed, or LimitReached for lack of memory or descriptors.
  static Result<std::shared_ptr<WorkerLink>> start(boost::asio::io_context& loop,
                                                   const Program& program);

  /// A link whose worker goes on while the supervisor becomes another program in the same process.
  /// The positions are what we know of the rings; shared memory is never asked. Does not own the
  /// descriptors.
  struct Carried {
    WorkerProcess::Running process;
    int segment_fd = -1;
    int control_fd = -1;
    int command_doorbell_fd = -1;
    int result_doorbell_fd = -1;
    std::uint64_t commands = 0;
    ipc::PriorityConsumer::Positions results{};
  };

  /// Owns the descriptors from here on, also where it fails. Unavailable: the worker is gone;
  /// Corrupt or VersionMismatch: its segment is not what we can read. It is killed then.
  static Result<std::shared_ptr<WorkerLink>> resume(boost::asio::io_context& loop,
                                                    WorkerCgroups* cgroups, const Carried& carried);

  /// Nothing where the worker has not said hello or has broken a rule: such a one is not carried.
  [[nodiscard]] std::optional<Carried> carried() const;

  /// For one that was killed and is not carried: waits for its end, at most limits::kReapTime.
  [[nodiscard]] bool wait_end() { return process_.wait_exit(limits::kReapTime).has_value(); }

  struct Parts;
  WorkerLink(Private, boost::asio::io_context& loop, Parts parts);

  /// Whom to tell from now on: its owner, before the loop runs again.
  void watch(Events events) { events_ = std::move(events); }

  /// Its session, once, with secrets; sent as soon as the worker has said hello. Unavailable when
  /// it has just died; LimitReached when this is too long.
  [[nodiscard]] Result<> serve(std::string start_json);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] const WorkerProcess& process() const noexcept { return process_; }
  [[nodiscard]] bool greeted() const noexcept { return greeted_; }
  /// It has said hello, has broken no rule and is not held by a signal.
  [[nodiscard]] bool is_ready() const { return greeted_ && reading_ && !process_.is_stopped(); }
  [[nodiscard]] const ipc::StatusPage& status() const noexcept { return segment_.status(); }

  /// False when the worker cannot take it now: not greeted yet, or its ring is full.
  [[nodiscard]] bool send(const ipc::Command& command);

  /// The latest picture; nothing when there is none.
  [[nodiscard]] std::optional<std::vector<std::byte>> preview() const;

  /// Looks for records without a knock, so that even a lost one delays them by one call only.
  void poll();

  /// What it says is of no more interest; its end still is.
  void stop_reading() noexcept { reading_ = false; }

  /// Stop command; SIGTERM for one whose ring is full; SIGKILL for one that has not said hello:
  /// it has no camera to leave.
  void ask_to_stop();

  /// SIGABRT, or at once SIGKILL when it is held by a signal and could not obey.
  void abort();
  void kill();

 private:
  void wait_for_hello();
  void receive_hello();
  static Result<std::shared_ptr<WorkerLink>> make(boost::asio::io_context& loop, Parts parts);
  [[nodiscard]] Result<> send_start();
  void wait_for_records();
  void wait_for_exit();
  void drain();
  void drain_soon();
  bool take_records(std::size_t limit);  // false: nothing left
  void on_exit();
  void break_off(const Error& error);

  boost::asio::io_context& loop_;
  Events events_;
  std::string start_json_;  // until it is sent; empty: no session yet
  ipc::ShmSegment segment_;
  ipc::ControlSocket control_;
  UniqueFd command_doorbell_fd_;
  UniqueFd result_doorbell_fd_;
  WorkerProcess process_;
  ipc::SpscRingProducer commands_;
  ipc::Doorbell command_doorbell_;
  ipc::PriorityConsumer results_;
  ipc::PreviewSlotReader preview_;
  std::vector<std::byte> buffer_;
  bool greeted_ = false;
  bool reading_ = true;
  // Last, so that they end before what they wait for.
  DescriptorWait hello_wait_;
  DescriptorWait results_wait_;
  DescriptorWait exit_wait_;
};

}  // namespace bulkhead::supervisor
