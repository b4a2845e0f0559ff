#include <fcntl.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "common/rotating_log.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/layout_version.hpp"
#include "ipc/shm_segment.hpp"
#include "ipc/start_message.hpp"
#include "worker/crash_report.hpp"
#include "worker/exit_code.hpp"
#include "worker/gst_log.hpp"
#include "worker/sandbox/confinement.hpp"
#include "worker/sandbox/sandbox.hpp"
#include "worker/session_secrets.hpp"
#include "worker/source/address_guard.hpp"
#include "worker/source/gst_start.hpp"
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
  say("cannot start: " + text);
  publisher.publish(ipc::PriorityClass::Critical, ipc::Fatal{error.code, text});
  return exit_code_of_start(error);
}

Result<ipc::StartMessage> receive_start(ipc::ControlSocket& control) {
  const auto json = control.receive_start();
  if (!json) return json.error();
  return ipc::StartMessage::from_json(*json);
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

std::string tcp_ports_text(const ipc::Confined& level) {
  if (!level.tcp_ports) return "all";
  std::string text;
  for (const std::uint16_t port : *level.tcp_ports) {
    text += (text.empty() ? "" : ",") + std::to_string(port);
  }
  return text.empty() ? "none" : text;
}

void log_level_of(const ipc::Confined& level, spdlog::logger& log) {
  log.info("confined landlock={} tcp_ports={} system_calls={} uid={}", level.landlock,
           tcp_ports_text(level), level.syscall_filter ? "filtered" : "open", level.uid);
  for (const std::string& gap : level.missing) log.warn("confinement gap={}", log_value(gap));
}

/// What is the same for every camera is done before it is known which one it will be: a spare waits
/// for its start message with all of it behind it.
ipc::WorkerExit work(const ipc::ShmSegment& segment, ExitRequest& exit, ipc::ControlSocket& control,
                     const std::filesystem::path& cache_dir, StartupSteps& steps) {
  ResultPublisher publisher{segment, ipc::kResultDoorbellFd, exit};
  // Shared: GStreamer may still talk when we are gone.
  const auto gst_log = std::make_shared<GstLog>();
  const auto gst = gst_start(cache_dir, [gst_log](auto level, auto category, auto text) {
    gst_log->write(level, category, text);
  });
  steps.step("gst");
  auto start = receive_start(control);
  if (!start) {
    // A supervisor that is gone before it said anything is no failure of ours.
    if (start.error().code == ErrorCode::Unavailable) return ipc::kExitOk;
    return refuse_start(publisher, start.error());
  }
  steps.step("start_message");
  const auto redactor = std::make_shared<Redactor>();
  for (const std::string& secret : session_secrets(start->spec.url)) redactor->add(secret);
  for (const SinkSpec& sink : start->sinks) redactor->add(password_of(sink));
  auto log = open_worker_log(*start, redactor);
  if (!log) return refuse_start(publisher, log.error());
  gst_log->open(*log);
  if (!gst) return refuse_start(publisher, gst.error());
  report_crashes(start->log_file, start->spec.id, start->generation);
  steps.log_to(*log);
  steps.step("log");
  guard_addresses(start->addresses);
  const ipc::Confined level = enter_sandbox(*start, cache_dir);
  log_level_of(level, **log);
  publisher.publish(ipc::PriorityClass::Control, level);
  steps.step("confined");
  Worker worker{std::move(*start),
                {.segment = segment,
                 .exit = exit,
                 .publisher = publisher,
                 .steps = steps,
                 .cache_dir = cache_dir,
                 .redactor = redactor,
                 .log = *log,
                 .gst_log = gst_log}};
  return worker.run();
}

/// All that a worker has to know before its session.
struct Arguments {
  std::filesystem::path cache_dir;  // absolute
  std::optional<std::pair<uid_t, gid_t>> user;
};

/// `--cache-dir DIR [--user UID:GID]`
std::optional<Arguments> read_arguments(const std::vector<std::string_view>& given) {
  if (given.size() != 2 && given.size() != 4) return std::nullopt;
  Arguments arguments{.cache_dir = given[1], .user = {}};
  if (given[0] != "--cache-dir" || !arguments.cache_dir.is_absolute()) return std::nullopt;
  if (given.size() == 2) return arguments;
  const std::string_view user = given[3];
  const char* const end = user.data() + user.size();
  auto& [uid, gid] = arguments.user.emplace();
  const auto [colon, bad_uid] = std::from_chars(user.data(), end, uid);
  if (given[2] != "--user" || bad_uid != std::errc{} || colon == end || *colon != ':') {
    return std::nullopt;
  }
  const auto [rest, bad_gid] = std::from_chars(colon + 1, end, gid);
  if (bad_gid != std::errc{} || rest != end) return std::nullopt;
  return arguments;
}

ipc::WorkerExit run_process(const std::vector<std::string_view>& given, StartupSteps& steps) {
  if (!is_a_child()) {
    say("this program is started by bulkhead-supervisor, one for each camera; "
        "start the supervisor, or use the command `bulkhead`");
    return ipc::kExitNotAChild;
  }
  const auto arguments = read_arguments(given);
  if (!arguments) {
    say("the arguments are --cache-dir DIR, absolute, and perhaps --user UID:GID");
    return ipc::kExitBadStart;
  }
  tune_allocator();
  quiet_libraries();
  end_when_out_of_memory();
  for (const auto step : {arrange_signals, confine_process}) {
    if (const auto done = step(); !done) {
      say(done.error().message);
      return ipc::kExitInternal;
    }
  }
  if (const auto& user = arguments->user) {
    if (const auto become = become_user(user->first, user->second); !become) {
      say(become.error().message);
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
  return work(*segment, *exit, control, arguments->cache_dir, steps);
}

}  // namespace

}  // namespace bulkhead::worker

int main(int argc, char** argv) {
  bulkhead::worker::StartupSteps steps;
  try {
    return bulkhead::worker::run_process({argv + 1, argv + argc}, steps);
  } catch (const std::exception& exception) {
    bulkhead::worker::say(std::string{"exception: "} + exception.what());
    return bulkhead::ipc::kExitInternal;
  }
}
