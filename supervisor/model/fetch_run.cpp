#include "supervisor/model/fetch_run.hpp"

#include <sys/socket.h>

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "ipc/worker_fds.hpp"

namespace bulkhead::supervisor {

using boost::system::error_code;

Result<std::unique_ptr<FetchRun>> FetchRun::start(boost::asio::io_context& loop,
                                                  const FetchProgram& program,
                                                  const ipc::FetchJob& job, int file, Done done,
                                                  std::chrono::milliseconds grace) {
  auto socket = ipc::ControlSocket::create_pair();
  if (!socket) return socket.error();
  WorkerProcess::Spec spec{.executable = program.executable, .arguments = {}, .limits = {}};
  if (program.uid != 0) {
    spec.arguments = {"--user", std::to_string(program.uid) + ":" + std::to_string(program.gid)};
  }
  spec.control_fd = socket->second.get();
  spec.segment_fd = file;
  spec.limits.memory_bytes = limits::kFetchMemory;
  spec.limits.cgroups = program.cgroups;
  auto process = WorkerProcess::spawn(spec);
  if (!process) return process.error();
  if (auto sent = socket->first.send_start(job.to_json()); !sent) return sent.error();
  try {
    std::unique_ptr<FetchRun> run{
        new FetchRun{loop, std::move(socket->first), std::move(*process), std::move(done)}};
    run->wait(std::chrono::seconds{job.time_s} + grace);
    return run;
  } catch (const boost::system::system_error& error) {
    return Error{ErrorCode::SpawnFailed,
                 std::string{"the event loop cannot watch a fetch: "} + error.what(),
                 {}};
  }
}

FetchRun::FetchRun(boost::asio::io_context& loop, ipc::ControlSocket socket, WorkerProcess process,
                   Done done)
    : socket_{std::move(socket)},
      process_{std::move(process)},
      done_{std::move(done)},
      exit_wait_{loop, process_.exit_fd()},
      deadline_{loop} {}

void FetchRun::wait(std::chrono::milliseconds limit) {
  // Both are ours and are cancelled before we end.
  exit_wait_.async_readable([this](const error_code& failure) {
    if (!failure && !finished_) finish(outcome());
  });
  deadline_.expires_after(limit);
  deadline_.async_wait([this](const error_code& failure) {
    if (failure || finished_) return;
    process_.kill_group();
    finish(Error{ErrorCode::Timeout, "the fetch did not end in time", {}});
  });
}

void FetchRun::finish(const Result<ipc::FetchAnswer>& outcome) {
  finished_ = true;
  deadline_.cancel();
  // A copy: this may be destroyed in the call.
  const auto done = done_;
  done(outcome);
}

Result<ipc::FetchAnswer> FetchRun::outcome() {
  const auto exit = process_.wait_exit(limits::kReapTime);
  std::string text(limits::kFetchMessageBytes, '\0');
  ssize_t got = ::recv(socket_.fd(), text.data(), text.size(), MSG_DONTWAIT);
  // One that leaves its job unread makes an error of that, once, before what it has said.
  if (got < 0 && errno == ECONNRESET) {
    got = ::recv(socket_.fd(), text.data(), text.size(), MSG_DONTWAIT);
  }
  if (got <= 0) {
    if (exit && (exit->out_of_memory || exit->code == ipc::kExitMemory)) {
      return Error{ErrorCode::OutOfMemory, "the fetch used more memory than it may", {}};
    }
    const std::string how = !exit               ? "does not end"
                            : exit->signal != 0 ? "ended by signal " + std::to_string(exit->signal)
                                                : "ended with " + std::to_string(exit->code);
    return Error{ErrorCode::WorkerDied, "the fetch " + how + " and says nothing", {}};
  }
  text.resize(static_cast<std::size_t>(got));
  auto answer = ipc::FetchAnswer::from_json(text);
  if (!answer) {
    return Error{ErrorCode::ProtocolError,
                 "the fetch answers what is no answer: " + answer.error().message,
                 {}};
  }
  if (answer->error) return *answer->error;
  return answer;
}

}  // namespace bulkhead::supervisor
