#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.hpp"
#include "supervisor/config.hpp"
#include "supervisor/program_exit.hpp"

namespace bulkhead::supervisor {

/// Why the supervisor did not start: what to tell the operator, and the exit code.
struct StartFailure {
  ProgramExit exit = kExitInternal;
  std::string message;
};

/// Found by Boost through argument-dependent lookup when `value()` is misused.
[[noreturn]] void throw_exception_from_error(const StartFailure& failure,
                                             const boost::source_location&);

/// The program: owns the loop and everything that lives in it. One thread uses it, the one that
/// calls `run`; there is no other, so nothing here has a lock.
///
/// A live object holds its state directory's lock and listens. It stops in order when asked by
/// SIGTERM or SIGINT: no new connections, every worker asked to stop and killed after its limit,
/// clients said goodbye to. What has not ended after limits::kShutdownTime is left behind: workers
/// die with their supervisor, by the end of their control socket.
class Supervisor {
 public:
  /// `worker_executable` is started once for each camera.
  static boost::system::result<std::unique_ptr<Supervisor>, StartFailure> create(
      Config config, std::string worker_executable);

  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// "http://127.0.0.1:8001", with the port that is really listened on.
  [[nodiscard]] std::string http_url() const;

  /// Returns once a stop that was asked for is done. False: it took too long.
  [[nodiscard]] bool run();

 private:
  struct Parts;
  explicit Supervisor(std::unique_ptr<Parts> parts) noexcept;

  void restore_sessions();
  void stop(int signal_number);
  void close();
  void watch_health();
  void say_alive();

  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::supervisor
