#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/error.hpp"
#include "supervisor/process/worker_limits.hpp"
#include "supervisor/process/worker_process.hpp"

namespace bulkhead::supervisor {

/// Looks, once a watchdog's tick, at what a worker uses of what it may, where the kernel only
/// refuses more or does not count at all: its descriptors and tasks, and without a control group
/// its memory. What it finds is a worker that leaks, to be ended before its camera suffers.
///
/// Owned by Incarnation, used by the loop's thread; a look takes some tens of microseconds.
class ResourceWatch {
 public:
  explicit ResourceWatch(const WorkerLimits& limits) : limits_{limits} {}

  /// OutOfMemory or LimitReached, with a sentence.
  [[nodiscard]] std::optional<Error> look(std::int64_t now_ns, const WorkerProcess& worker);

  /// Open at the last count; of one that has died the system does not tell any more. 0: not known.
  [[nodiscard]] std::size_t descriptors() const noexcept { return descriptors_; }

 private:
  [[nodiscard]] std::optional<Error> look_at_tasks(const WorkerProcess& worker) const;
  [[nodiscard]] std::optional<Error> look_at_memory(std::int64_t now_ns,
                                                    const WorkerProcess& worker);
  [[nodiscard]] std::optional<Error> look_at_descriptors(std::int64_t now_ns, pid_t pid);

  WorkerLimits limits_;
  std::size_t descriptors_ = 0;
  std::int64_t counted_ns_ = 0;  // when the descriptors were
  std::int64_t shared_ns_ = 0;   // when shared memory was told apart
};

}  // namespace bulkhead::supervisor
