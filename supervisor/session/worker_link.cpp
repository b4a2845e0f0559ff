#include "supervisor/session/worker_link.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <utility>

#include "common/limits.hpp"
#include "ipc/layout_version.hpp"

namespace bulkhead::supervisor {

using boost::system::error_code;

namespace {

std::vector<std::string> arguments_of(const WorkerLink::Program& program) {
  std::vector<std::string> arguments{"--cache-dir", program.cache_dir};
  if (program.uid != 0) {
    arguments.emplace_back("--user");
    arguments.push_back(std::to_string(program.uid) + ':' + std::to_string(program.gid));
  }
  return arguments;
}

}  // namespace

struct WorkerLink::Parts {
  ipc::ShmSegment segment;
  ipc::ControlSocket control;
  UniqueFd command_doorbell_fd;
  UniqueFd result_doorbell_fd;
  WorkerProcess process;
  std::uint64_t commands = 0;  // positions in the rings
  ipc::PriorityConsumer::Positions results{};
};

Result<std::shared_ptr<WorkerLink>> WorkerLink::start(boost::asio::io_context& loop,
                                                      const Program& program) {
  auto segment = ipc::ShmSegment::create();
  if (!segment) return segment.error();
  auto control = ipc::ControlSocket::create_pair();
  if (!control) return control.error();
  auto command_doorbell = ipc::Doorbell::create_pair();
  if (!command_doorbell) return command_doorbell.error();
  auto result_doorbell = ipc::Doorbell::create_pair();
  if (!result_doorbell) return result_doorbell.error();
  auto process = WorkerProcess::spawn({.executable = program.executable,
                                       .arguments = arguments_of(program),
                                       .control_fd = control->second.get(),
                                       .segment_fd = segment->fd(),
                                       .command_doorbell_fd = command_doorbell->second.get(),
                                       .result_doorbell_fd = result_doorbell->second.get(),
                                       .limits = program.limits});
  if (!process) return process.error();
  // The worker's ends close here with their pairs: from now on only the worker holds them.
  auto link = make(loop, {.segment = std::move(*segment),
                          .control = std::move(control->first),
                          .command_doorbell_fd = std::move(command_doorbell->first),
                          .result_doorbell_fd = std::move(result_doorbell->first),
                          .process = std::move(*process)});
  if (link) (*link)->wait_for_hello();
  return link;
}

Result<std::shared_ptr<WorkerLink>> WorkerLink::resume(boost::asio::io_context& loop,
                                                       WorkerCgroups* cgroups,
                                                       const Carried& carried) {
  ipc::ControlSocket control{UniqueFd{carried.control_fd}};
  UniqueFd command_doorbell{carried.command_doorbell_fd};
  UniqueFd result_doorbell{carried.result_doorbell_fd};
  auto process = WorkerProcess::resume(carried.process, cgroups);
  auto segment = ipc::ShmSegment::attach(UniqueFd{carried.segment_fd});
  if (!process) return process.error();
  if (!segment) return segment.error();
  auto link = make(loop, {.segment = std::move(*segment),
                          .control = std::move(control),
                          .command_doorbell_fd = std::move(command_doorbell),
                          .result_doorbell_fd = std::move(result_doorbell),
                          .process = std::move(*process),
                          .commands = carried.commands,
                          .results = carried.results});
  if (link) (*link)->greeted_ = true;
  return link;
}

Result<std::shared_ptr<WorkerLink>> WorkerLink::make(boost::asio::io_context& loop, Parts parts) {
  try {
    auto link = std::make_shared<WorkerLink>(Private{}, loop, std::move(parts));
    link->wait_for_exit();
    link->drain_soon();
    return link;
  } catch (const boost::system::system_error& error) {
    return Error{ErrorCode::SpawnFailed,
                 std::string{"the event loop cannot watch a worker: "} + error.what(),
                 {}};
  }
}

std::optional<WorkerLink::Carried> WorkerLink::carried() const {
  if (!greeted_ || !reading_ || !start_json_.empty()) return std::nullopt;
  return Carried{.process = process_.running(),
                 .segment_fd = segment_.fd(),
                 .control_fd = control_.fd(),
                 .command_doorbell_fd = command_doorbell_fd_.get(),
                 .result_doorbell_fd = result_doorbell_fd_.get(),
                 .commands = commands_.position(),
                 .results = results_.positions()};
}

WorkerLink::WorkerLink(Private, boost::asio::io_context& loop, Parts parts)
    : loop_{loop},
      segment_{std::move(parts.segment)},
      control_{std::move(parts.control)},
      command_doorbell_fd_{std::move(parts.command_doorbell_fd)},
      result_doorbell_fd_{std::move(parts.result_doorbell_fd)},
      process_{std::move(parts.process)},
      commands_{segment_.command_ring(), parts.commands},
      command_doorbell_{&segment_.command_consumer_sleeping(), command_doorbell_fd_.get()},
      results_{segment_, result_doorbell_fd_.get(), parts.results},
      preview_{segment_.preview_slot()},
      hello_wait_{loop, control_.fd()},
      results_wait_{loop, result_doorbell_fd_.get()},
      exit_wait_{loop, process_.exit_fd()} {}

void WorkerLink::wait_for_hello() {
  hello_wait_.async_readable([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->reading_) self->receive_hello();
  });
}

void WorkerLink::receive_hello() {
  const auto hello = control_.try_receive_hello();
  if (!hello) {
    // End of file: it is dying, and why is for its exit status to say.
    if (hello.error().code != ErrorCode::Unavailable) break_off(hello.error());
    return;
  }
  if (!*hello) return wait_for_hello();
  if ((*hello)->layout_version != ipc::kLayoutVersion) {
    return break_off({ErrorCode::VersionMismatch,
                      "the worker has layout version " + std::to_string((*hello)->layout_version) +
                          ", the supervisor " + std::to_string(ipc::kLayoutVersion) +
                          "; install both from one build",
                      {}});
  }
  greeted_ = true;
  if (start_json_.empty()) return;
  if (const auto sent = send_start(); !sent) break_off(sent.error());
}

Result<> WorkerLink::serve(std::string start_json) {
  start_json_ = std::move(start_json);
  return greeted_ ? send_start() : Result<>{};
}

Result<> WorkerLink::send_start() { return control_.send_start(std::exchange(start_json_, {})); }

bool WorkerLink::send(const ipc::Command& command) {
  if (!greeted_) return false;
  ipc::encode(command, buffer_);
  if (!commands_.try_push(buffer_)) return false;
  command_doorbell_.ring();
  return true;
}

std::optional<std::vector<std::byte>> WorkerLink::preview() const {
  std::vector<std::byte> jpeg;
  std::uint64_t frame_id = 0;
  if (!preview_.read(jpeg, frame_id)) return std::nullopt;
  return jpeg;
}

void WorkerLink::wait_for_records() {
  results_wait_.async_readable([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self || !self->reading_) return;
    self->results_.woken();
    self->drain();
  });
}

void WorkerLink::drain() {
  const bool more = take_records(limits::kRecordsPerTurn);
  if (!reading_) return;
  if (!more && results_.prepare_sleep()) return wait_for_records();
  drain_soon();
}

void WorkerLink::drain_soon() {
  boost::asio::post(loop_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->reading_) self->drain();
  });
}

void WorkerLink::poll() {
  const auto keep = shared_from_this();
  take_records(limits::kRecordsPerTurn);
}

bool WorkerLink::take_records(std::size_t limit) {
  for (std::size_t i = 0; i < limit && reading_; ++i) {
    const auto taken = results_.try_take();
    if (!taken) {
      break_off(taken.error());
      return false;
    }
    if (!*taken) return false;
    events_.record(**taken);
  }
  return reading_;
}

void WorkerLink::wait_for_exit() {
  exit_wait_.async_readable([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->on_exit();
  });
}

void WorkerLink::on_exit() {
  const auto status = process_.wait_exit(std::chrono::milliseconds{0});
  if (!status) return wait_for_exit();
  // What it had published is complete and counts. The bound is for a process that escaped its
  // group and goes on writing.
  take_records(ipc::ShmSegment::total_bytes() / ipc::ring_footprint(1));
  reading_ = false;
  events_.exited(*status);
}

void WorkerLink::break_off(const Error& error) {
  reading_ = false;
  events_.broken(error);
}

void WorkerLink::ask_to_stop() {
  if (!greeted_) return kill();
  if (!send({.request_id = 0, .deadline_ns = 0, .body = ipc::Stop{}})) process_.signal(SIGTERM);
}

void WorkerLink::abort() {
  if (process_.is_stopped()) return kill();
  process_.signal(SIGABRT);
}

void WorkerLink::kill() { process_.kill_group(); }

}  // namespace bulkhead::supervisor
