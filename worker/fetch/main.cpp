// bulkhead-model-fetch: one job for the supervisor, in a process that may do nothing else.

#include <sys/resource.h>
#include <sys/socket.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/fetch_job.hpp"
#include "ipc/worker_fds.hpp"
#include "worker/fetch/bundle.hpp"
#include "worker/fetch/fetched_file.hpp"
#include "worker/sandbox/confinement.hpp"
#include "worker/sandbox/sandbox.hpp"

namespace bulkhead::worker {

namespace {

void say(const std::string& sentence) {
  std::fprintf(stderr, "bulkhead-model-fetch: %s\n", sentence.c_str());
}

bool is_started_by_supervisor() noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(ipc::kFetchSocketFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET;
}

/// `[--user UID:GID]`
Result<> become_named_user(const std::vector<std::string_view>& given) {
  if (given.empty()) return {};
  const Error wrong{ErrorCode::InvalidParams, "the arguments are none, or --user UID:GID", {}};
  if (given.size() != 2 || given[0] != "--user") return wrong;
  const char* const end = given[1].data() + given[1].size();
  uid_t uid = 0;
  gid_t gid = 0;
  const auto [colon, bad_uid] = std::from_chars(given[1].data(), end, uid);
  if (bad_uid != std::errc{} || colon == end || *colon != ':') return wrong;
  const auto [rest, bad_gid] = std::from_chars(colon + 1, end, gid);
  if (bad_gid != std::errc{} || rest != end) return wrong;
  return become_user(uid, gid);
}

/// No file of this process grows past what its job allows, whatever it is talked into.
Result<> limit_files(std::uint64_t bytes) {
  const rlimit limit{bytes, bytes};
  if (::signal(SIGXFSZ, SIG_IGN) != SIG_ERR && ::setrlimit(RLIMIT_FSIZE, &limit) == 0) return {};
  return errno_error(ErrorCode::Unavailable, "RLIMIT_FSIZE");
}

ipc::FetchAnswer carry_out(const ipc::FetchJob& job) {
  for (const std::string& gap : enter_sandbox(fetch_rules(job, library_folders())).missing) {
    say("confinement gap: " + gap);
  }
  const bool unpacks = job.kind == ipc::FetchJob::Kind::Unpack;
  const std::uint64_t most = unpacks ? limits::kModelFileBytes : job.max_bytes;
  if (auto limited = limit_files(most); !limited) return {.error = limited.error()};
  if (unpacks) return unpack_bundle(job, ipc::kFetchFileFd);
  return fetch_file(job, ipc::kFetchFileFd);
}

int run_process(const std::vector<std::string_view>& given) {
  if (!is_started_by_supervisor()) {
    say("this program is started by bulkhead-supervisor; use bulkhead model fetch");
    return ipc::kExitNotAChild;
  }
  end_when_out_of_memory();
  for (const auto step : {arrange_signals, confine_process}) {
    if (const auto done = step(); !done) {
      say(done.error().message);
      return ipc::kExitInternal;
    }
  }
  if (const auto become = become_named_user(given); !become) {
    say(become.error().message);
    return ipc::kExitInternal;
  }
  // It obeys SIGTERM as any program: it has nothing to put in order.
  sigset_t none{};
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ipc::ControlSocket socket{UniqueFd{ipc::kFetchSocketFd}};
  const auto text = socket.receive_start();
  if (!text) return ipc::kExitOk;  // the supervisor is gone
  const auto job = ipc::FetchJob::from_json(*text);
  if (!job) {
    say(job.error().message);
    return ipc::kExitBadStart;
  }
  const std::string answer = carry_out(*job).to_json();
  const ssize_t sent = ::send(socket.fd(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return sent < 0 ? ipc::kExitInternal : ipc::kExitOk;
}

}  // namespace

}  // namespace bulkhead::worker

int main(int argc, char** argv) {
  try {
    return bulkhead::worker::run_process({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    bulkhead::worker::say(std::string{"exception: "} + exception.what());
    return bulkhead::ipc::kExitInternal;
  }
}
