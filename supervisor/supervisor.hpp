#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/program_exit.hpp"
#include "supervisor/upgrade/inheritance.hpp"
#include "supervisor/upgrade/next_program.hpp"
#include "supervisor/worker_user.hpp"

namespace bulkhead::supervisor {

/// Why the supervisor did not start: what to tell the operator, and the exit code.
struct StartFailure {
  ProgramExit exit = kExitInternal;
  std::string message;
};

/// Found by Boost through argument-dependent lookup when `value()` is misused.
[[noreturn]] void throw_exception_from_error(const StartFailure& failure,
                                             const boost::source_location&);

/// Of the configuration, what an upgrade cannot change: where the supervisor listens and where its
/// state is.
[[nodiscard]] std::string fixed_settings(const Config& config);

/// The program: owns the loop and everything that lives in it. One thread uses it, the one that
/// calls `run`; there is no other, so nothing here has a lock.
///
/// A live object holds its state directory's lock and listens. It stops in order when asked by
/// SIGTERM or SIGINT: no new connections, every worker asked to stop and killed after its limit,
/// clients said goodbye to. What has not ended after limits::kShutdownTime is left behind: workers
/// die with their supervisor, by the end of their control socket.
///
/// Asked to, it becomes the program that is installed in its place (upgrade/): the object is never
/// destroyed then, and the next program makes one of its own from what it is left.
class Supervisor {
 public:
  /// `worker_executable` is started once for each camera; `next` is what an upgrade becomes.
  /// `inheritance`, of an upgrade, is used up: its descriptors have owners from here on.
  static boost::system::result<std::unique_ptr<Supervisor>, StartFailure> create(
      Config config, std::string worker_executable, NextProgram next,
      const std::optional<Inheritance>& inheritance);

  /// What of `create` can be known without doing anything, also for a dry run: whom its workers are
  /// to run as, and that it can know its tokens.
  static boost::system::result<WorkerUser, StartFailure> check(
      const Config& config, const std::string& worker_executable);

  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// "http://127.0.0.1:8001", with the port that is really listened on.
  [[nodiscard]] std::string http_url() const;

  /// Returns once a stop that was asked for is done. False: it took too long.
  [[nodiscard]] bool run();

 private:
  struct Parts;
  Supervisor() noexcept;

  void restore_sessions();
  void stop(int signal_number);
  void close();
  void watch_health();
  void say_alive();
  void flush_log();

  // supervisor_upgrade.cpp
  [[nodiscard]] ProgramServices services(const Inheritance* inherited);
  void resume_sessions(const Inheritance& inherited);
  void upgrade(const std::function<void(Result<UpgradeAccepted>)>& done);
  void leave();
  void become_next();
  void stay(const Error& why);
  [[nodiscard]] Inheritance inheritance() const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::supervisor
