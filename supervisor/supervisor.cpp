#include "supervisor/supervisor.hpp"

#include <netinet/in.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <system_error>

#include "common/limits.hpp"
#include "common/rotating_log.hpp"
#include "supervisor/supervisor_parts.hpp"
#include "supervisor/transport/server_tls.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// Made for its owner alone, for logs and registry tell of cameras; an existing one stays as the
/// operator made it.
Result<void> make_private_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder.parent_path(), failure);
  if (failure) {
    return Error{ErrorCode::Io,
                 "cannot make " + folder.parent_path().string() + ": " + failure.message(),
                 {}};
  }
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return errno_error(ErrorCode::Io, "cannot make " + folder.string());
}

/// `name` of the log folder, rotated as all are.
Result<std::shared_ptr<spdlog::logger>> open_own_log(const Config& config, const fs::path& folder,
                                                     const char* name, bool also_stderr) {
  const auto& rotation = config.session_processes.log_rotation;
  return open_log({.file = folder / name,
                   .max_bytes = rotation.max_size_mb * kMegabyte,
                   .backup_count = rotation.backup_count,
                   .level = also_stderr ? config.log_level : "info",
                   .also_stderr = also_stderr},
                  std::make_shared<Redactor>());
}

SessionEnvironment environment_of(const Config& config, std::string worker_executable,
                                  const fs::path& log_dir, std::shared_ptr<spdlog::logger> log) {
  SessionEnvironment environment;
  environment.worker = {
      .executable = std::move(worker_executable),
      .cache_dir = config.state_dir / "cache",
      .limits = {.memory_bytes = config.resource_limits.memory_per_process_mb * kMegabyte}};
  environment.log_dir = log_dir.string();
  environment.model_dir = config.models_dir.string();
  environment.model_catalog = config.model_catalog.string();
  environment.addresses = {.deny = config.sources.deny, .allow = config.sources.allow};
  environment.sinks = config.sinks;
  environment.history_dir = config.state_dir / "history";
  environment.spool_dir = config.state_dir / "spool";
  environment.max_sessions = config.session_processes.max_concurrent_sessions;
  environment.log_max_bytes = config.session_processes.log_rotation.max_size_mb * kMegabyte;
  environment.log_backup_count = config.session_processes.log_rotation.backup_count;
  environment.warm_spares = config.session_processes.warm_spares;
  const auto& recycling = config.session_processes.recycling;
  environment.recycling = {
      .max_age = std::chrono::hours{recycling.max_age_hours},
      .max_growth_bytes_per_hour = recycling.max_growth_mb_per_hour * kMegabyte};
  environment.log = std::move(log);
  environment.connection_rates = config.connection_rate;
  return environment;
}

/// Null where the machine gives none: workers are then held by what prlimit can do.
std::unique_ptr<WorkerCgroups> make_cgroups(std::uint64_t memory_mb, const Inheritance* inheritance,
                                            spdlog::logger& log) {
  if (inheritance != nullptr) {
    return inheritance->cgroups ? WorkerCgroups::resume(*inheritance->cgroups) : nullptr;
  }
  auto hierarchy = find_own_cgroups();
  auto cgroups = hierarchy ? WorkerCgroups::create(std::move(*hierarchy))
                           : Result<std::unique_ptr<WorkerCgroups>>{hierarchy.error()};
  log.info("memory of a worker limit_mb={} enforced_by={} text=\"{}\"", memory_mb,
           name_of(cgroups ? (*cgroups)->enforcement() : MemoryEnforcement::RlimitPss),
           cgroups ? "" : log_value(cgroups.error().message));
  return cgroups ? std::move(*cgroups) : nullptr;
}

/// Of a socket that came along, before anybody listens: no worker starts without knowing it. 0: it
/// is no socket of a port, which whoever goes on with it will say.
std::uint16_t port_of(int listener_fd) {
  sockaddr_storage bound{};
  socklen_t bytes = sizeof bound;
  if (::getsockname(listener_fd, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

/// "LIVE 3, OFFLINE 1, OFFLINE as expected 2", by name.
std::string summary_of(const std::vector<SessionView>& sessions) {
  std::map<std::string, std::size_t> counts;
  for (const SessionView& session : sessions) {
    const bool expected =
        is_expected_absence(session.spec.availability, session.state, session.reason);
    ++counts[std::string{name_of(session.state)} + (expected ? " as expected" : "")];
  }
  std::string text;
  for (const auto& [state, count] : counts) {
    text += (text.empty() ? "" : ", ") + state + " " + std::to_string(count);
  }
  return text.empty() ? "no cameras" : text;
}

/// As the pipelines of all sessions name them, those of a successor's too.
std::set<std::string> models_named(const SessionTable& sessions) {
  std::set<std::string> named;
  const auto add = [&](const SessionSpec& spec) {
    if (!spec.pipeline) return;
    for (std::string& model : models_of(*spec.pipeline)) named.insert(std::move(model));
  };
  for (const SessionView& view : sessions.list()) {
    add(view.spec);
    if (const auto asked = sessions.asked(view.spec.id)) add(*asked);
  }
  return named;
}

/// Who may come in, and how. Before an upgrade, too: the next program would end where it cannot
/// know.
std::optional<StartFailure> check_access(const Config& config) {
  const auto tokens = read_tokens(config.state_dir / kTokenFile);
  if (!tokens) return StartFailure{kExitStateDir, tokens.error().message};
  if (config.is_reachable() && tokens->empty()) {
    return StartFailure{kExitConfig,
                        "listen.host: " + config.listen.host +
                            " can be reached from other machines, and there is no token that they "
                            "could show: start once with 127.0.0.1, make one with bulkhead token "
                            "add NAME --role admin, then start with this address"};
  }
  if (config.listen.tls.certificate.empty()) return std::nullopt;
  const auto tls = make_tls_context(config.listen.tls);
  if (!tls) return StartFailure{kExitConfig, tls.error().field + ": " + tls.error().message};
  return std::nullopt;
}

}  // namespace

void throw_exception_from_error(const StartFailure& failure, const boost::source_location&) {
  throw std::logic_error{"value() of a failed start: " + failure.message};
}

boost::system::result<WorkerUser, StartFailure> Supervisor::check(
    const Config& config, const std::string& worker_executable) {
  if (::access(worker_executable.c_str(), X_OK) != 0) {
    const Error error = errno_error(ErrorCode::NotFound, worker_executable);
    return StartFailure{kExitNoWorker, error.message + "; build or install it there"};
  }
  const auto worker_user = find_worker_user(config.session_processes.worker_user);
  if (!worker_user) return StartFailure{kExitConfig, worker_user.error().message};
  if (auto failure = check_access(config)) return *std::move(failure);
  return *worker_user;
}

boost::system::result<std::unique_ptr<Supervisor>, StartFailure> Supervisor::create(
    Config config, std::string worker_executable, NextProgram next,
    const std::optional<Inheritance>& inheritance) {
  const auto worker_user = check(config, worker_executable);
  if (!worker_user) return worker_user.error();
  const Inheritance* inherited = inheritance ? &*inheritance : nullptr;
  const fs::path log_dir = config.state_dir / "logs";
  for (const fs::path& folder : {config.state_dir, log_dir}) {
    if (const auto made = make_private_folder(folder); !made) {
      return StartFailure{kExitStateDir, made.error().message};
    }
  }
  auto lock = inherited != nullptr ? Result<InstanceLock>{InstanceLock::resume(inherited->lock_fd)}
                                   : InstanceLock::acquire(config.state_dir);
  if (!lock) {
    const bool held = lock.error().code == ErrorCode::AlreadyExists;
    return StartFailure{held ? kExitAlreadyRunning : kExitStateDir, lock.error().message};
  }
  if (const auto given = hand_over(config.state_dir, *worker_user); !given) {
    return StartFailure{kExitStateDir, given.error().message};
  }
  auto log = open_own_log(config, log_dir, "detector_worker_main.log", true);
  if (!log) return StartFailure{kExitStateDir, log.error().message};
  auto audit = open_own_log(config, log_dir, "audit.log", false);
  if (!audit) return StartFailure{kExitStateDir, audit.error().message};

  auto cgroups = make_cgroups(config.resource_limits.memory_per_process_mb, inherited, **log);
  SessionEnvironment environment =
      environment_of(config, std::move(worker_executable), log_dir, *log);
  environment.worker.uid = worker_user->uid;
  environment.worker.gid = worker_user->gid;
  environment.worker.limits.cgroups = cgroups.get();
  std::unique_ptr<Supervisor> supervisor{new Supervisor{}};
  supervisor->parts_ = std::make_unique<Parts>(std::move(config), std::move(next), std::move(*lock),
                                               *log, std::move(cgroups), std::move(environment),
                                               inherited, *audit, supervisor->services(inherited));
  Parts& parts = *supervisor->parts_;
  if (!parts.registry) return StartFailure{kExitStateDir, parts.registry.error().message};
  if (!parts.tokens) return StartFailure{kExitStateDir, parts.tokens.error().message};
  if (!parts.models) return StartFailure{kExitStateDir, parts.models.error().message};
  if (!parts.bundles) return StartFailure{kExitStateDir, parts.bundles.error().message};
  (*parts.models)->set_in_use([&sessions = parts.sessions] { return sessions.models_in_use(); });
  (*parts.bundles)->set_in_use([&sessions = parts.sessions] { return models_named(sessions); });
  // Workers first: connections that wait shall find them.
  if (inherited != nullptr) {
    parts.sessions.set_control_port(port_of(inherited->listener_fd));
    (*parts.models)->set_control_port(port_of(inherited->listener_fd));
    supervisor->resume_sessions(*inherited);
  }
  const auto listening =
      inherited != nullptr ? parts.control.resume(inherited->listener_fd) : parts.control.listen();
  if (!listening) return StartFailure{kExitUnavailable, listening.error().message};
  parts.sessions.set_control_port(parts.control.port());
  (*parts.models)->set_control_port(parts.control.port());
  parts.signals = std::make_unique<Signals>(
      parts.loop, [self = supervisor.get()](int number) { self->stop(number); });
  if (inherited == nullptr) supervisor->restore_sessions();
  supervisor->watch_health();
  supervisor->flush_log();
  parts.log->info("{} version={} pid={} url={} state_dir={}",
                  inherited != nullptr ? "upgraded" : "started", BULKHEAD_VERSION, ::getpid(),
                  supervisor->http_url(), log_value(parts.config.state_dir.string()));
  return supervisor;
}

Supervisor::Supervisor() noexcept = default;

Supervisor::~Supervisor() = default;

std::string Supervisor::http_url() const {
  const std::string& host = parts_->config.listen.host;
  const bool brackets = host.find(':') != host.npos;
  const bool is_tls = !parts_->config.listen.tls.certificate.empty();
  return (is_tls ? "https://" : "http://") + (brackets ? "[" + host + "]" : host) + ":" +
         std::to_string(parts_->control.port());
}

void Supervisor::restore_sessions() {
  Registry::Loaded loaded = (*parts_->registry)->load();
  for (const std::string& problem : loaded.problems) {
    parts_->log->error("{}", log_value(problem));
  }
  if (!parts_->config.sources.allow_file_urls) {
    std::erase_if(loaded.sessions, [this](const SessionSpec& spec) {
      const bool refused = spec.url.scheme == "file";
      if (refused) {
        parts_->log->error("session={} is left out: sources.allow_file_urls is off",
                           spec.id.text());
      }
      return refused;
    });
  }
  for (SessionSpec& spec : loaded.sessions) {
    if (spec.pipeline_name.empty()) continue;  // it came whole
    if (auto pipeline =
            named_pipeline(parts_->config, parts_->bundles->get(), spec.pipeline_name)) {
      spec.pipeline = std::move(*pipeline);
    } else {
      parts_->log->warn("session={} keeps the pipeline it had: {}", spec.id.text(),
                        log_value(pipeline.error().message));
    }
  }
  const std::size_t count = loaded.sessions.size();
  for (const SubscriptionId& id : parts_->sessions.restore(std::move(loaded.sessions))) {
    parts_->log->error(
        "session={} is left out: all {} sessions are taken; raise "
        "session_processes.max_concurrent_sessions",
        id.text(), parts_->config.session_processes.max_concurrent_sessions);
  }
  if (count > 0) parts_->log->info("restored sessions={}", count);
}

bool Supervisor::run() {
  parts_->service.ready();
  say_alive();
  parts_->loop.run();
  parts_->log->info("stopped");
  parts_->log->flush();
  return !parts_->stop_overdue;
}

void Supervisor::stop(int signal_number) {
  parts_->stopping = true;
  parts_->log->info("stopping signal={} sessions={}", signal_number, parts_->sessions.size());
  parts_->service.stopping();
  parts_->health_timer.stop();
  parts_->control.stop_accepting();
  parts_->stop_timer.expires_after(limits::kShutdownTime);
  parts_->stop_timer.async_wait([this](const boost::system::error_code& failure) {
    if (failure) return;  // all is done
    parts_->log->error("not stopped in time: {}", summary_of(parts_->sessions.list()));
    parts_->stop_overdue = true;
    parts_->loop.stop();
  });
  parts_->sessions.stop_all([this] { close(); });
  parts_->fetches.cancel_all();
  if (parts_->bundles) (*parts_->bundles)->cancel();
}

/// Takes the last work from the loop, so that `run` returns once everybody has gone.
void Supervisor::close() {
  parts_->control.close();
  parts_->signals->close();
  parts_->alive_timer.stop();
  parts_->log_timer.stop();
  parts_->stop_timer.cancel();
  parts_->dry_run.reset();
  parts_->farewell_timer.cancel();
}

/// Until the end, the stop included, which has a limit of its own.
void Supervisor::say_alive() {
  const auto interval = parts_->service.alive_interval();
  if (!interval) return;
  parts_->service.alive();
  parts_->alive_timer.start(*interval, [this] { parts_->service.alive(); });
}

/// The count of a line that was repeated, when it is due.
void Supervisor::flush_log() {
  parts_->log->flush();
  parts_->log_timer.start(limits::kLogFoldTime, [this] { parts_->log->flush(); });
}

/// A line in the log whenever the sum of all sessions' states has changed since the last look.
void Supervisor::watch_health() {
  const std::chrono::seconds pause{parts_->config.session_processes.health_check_interval};
  parts_->health_timer.start(pause, [this] {
    std::string health = summary_of(parts_->sessions.list());
    if (health == parts_->health) return;
    parts_->health = std::move(health);
    parts_->log->info("sessions: {}", parts_->health);
  });
}

}  // namespace bulkhead::supervisor
