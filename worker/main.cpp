#include <fcntl.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "common/rotating_log.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/layout_version.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/start_message.hpp"
#include "worker/confinement.hpp"
#include "worker/crash_report.hpp"
#include "worker/exit_code.hpp"
#include "worker/session_secrets.hpp"
#include "worker/startup_steps.hpp"
#include "worker/worker.hpp"

namespace bulkhead::worker {

namespace {

/// For what happens before the log is open: stderr is the supervisor's.
void say(const std::string& sentence) {
  std::fprintf(stderr, "bulkhead-worker: %s\n", sentence.c_str());
}

bool is_a_child() noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(ipc::kControlFd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  if (type != SOCK_SEQPACKET) return false;
  for (int fd = ipc::kSegmentFd; fd < ipc::kFirstFreeFd; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) return false;
  }
  return true;
}

/// Reports through the rings as well, so that an operator sees why there is no camera.
ipc::WorkerExit refuse_start(ResultPublisher& publisher, const Error& error) {
  const std::string text = printable_text(error.message, limits::kReasonBytes);
  say("the start message cannot be used: " + text);
  publisher.publish(ipc::PriorityClass::Critical, ipc::Fatal{error.code, text});
  return exit_code_of_start(error);
}

Result<ipc::StartMessage> receive_start(ipc::ControlSocket& control, Generation generation) {
  const auto json = control.receive_start(limits::kStartMessageTime);
  if (!json) return json.error();
  auto start = ipc::StartMessage::from_json(*json);
  if (start && start->generation != generation) {
    return Error{ErrorCode::InvalidParams, "generation: is not the one of the segment",
                 "generation"};
  }
  return start;
}

Result<std::shared_ptr<spdlog::logger>> open_worker_log(const ipc::StartMessage& start,
                                                        std::shared_ptr<const Redactor> redactor) {
  return open_log({.file = start.log_file,
                   .max_bytes = start.log_max_bytes,
                   .backup_count = start.log_backup_count,
                   .session = start.spec.id.text(),
                   .generation = start.generation,
                   .level = start.spec.log_level},
                  std::move(redactor));
}

ipc::WorkerExit work(const ipc::ShmSegment& segment, ExitRequest& exit, ipc::ControlSocket& control,
                     StartupSteps& steps) {
  ResultPublisher publisher{segment, ipc::kResultDoorbellFd, exit};
  auto start = receive_start(control, segment.generation());
  if (!start) {
    // A supervisor that is gone before it said anything is no failure of ours.
    if (start.error().code == ErrorCode::Unavailable) return ipc::kExitOk;
    return refuse_start(publisher, start.error());
  }
  steps.step("start_message");
  const auto redactor = std::make_shared<Redactor>();
  for (const std::string& secret : session_secrets(start->spec.url)) redactor->add(secret);
  auto log = open_worker_log(*start, redactor);
  if (!log) return refuse_start(publisher, log.error());
  report_crashes(start->log_file, start->spec.id, start->generation);
  steps.log_to(*log);
  steps.step("log");
  Worker worker{std::move(*start),
                {.segment = segment,
                 .exit = exit,
                 .publisher = publisher,
                 .steps = steps,
                 .redactor = redactor,
                 .log = *log}};
  return worker.run();
}

ipc::WorkerExit run_process(StartupSteps& steps) {
  if (!is_a_child()) {
    say("this program is started by bulkhead-supervisor, one for each camera; "
        "start the supervisor, or use the command `bulkhead`");
    return ipc::kExitNotAChild;
  }
  tune_allocator();
  for (const auto step : {arrange_signals, confine_process}) {
    if (const auto done = step(); !done) {
      say(done.error().message);
      return ipc::kExitInternal;
    }
  }
  // The name of this thread in the log.
  ::pthread_setname_np(::pthread_self(), "control");
  ipc::ControlSocket control{UniqueFd{ipc::kControlFd}};
  const auto greeted =
      control.send_hello({.layout_version = ipc::kLayoutVersion, .pid = ::getpid()});
  if (!greeted) return ipc::kExitOk;  // the supervisor is gone
  steps.step("hello");
  const auto segment = ipc::ShmSegment::attach(UniqueFd{ipc::kSegmentFd});
  if (!segment) {
    say(segment.error().message);
    return exit_code_of_start(segment.error());
  }
  auto exit = ExitRequest::create();
  if (!exit) {
    say(exit.error().message);
    return ipc::kExitInternal;
  }
  return work(*segment, *exit, control, steps);
}

}  // namespace

}  // namespace bulkhead::worker

int main() {
  bulkhead::worker::StartupSteps steps;
  try {
    return bulkhead::worker::run_process(steps);
  } catch (const std::exception& exception) {
    bulkhead::worker::say(std::string{"exception: "} + exception.what());
    return bulkhead::ipc::kExitInternal;
  }
}
