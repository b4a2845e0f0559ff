#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace bulkhead::worker {

/// The supervisor's permission for the next connection. The thread `source` waits for it, the
/// thread `control` grants it. Owned by Worker.
class ConnectPermit {
 public:
  /// For the connection that is asked for next, or is being waited for.
  void grant();

  /// One that came too late for the connection before is of no use for the next.
  void withdraw();

  enum class Waited { Granted, LimitOver, Stopped };

  /// Until it is granted, which serves one connection. After `limit` who waits shall connect
  /// without it: a supervisor that does not answer must not keep a camera dark.
  [[nodiscard]] Waited wait(std::chrono::milliseconds limit, std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool granted_ = false;
};

}  // namespace bulkhead::worker
