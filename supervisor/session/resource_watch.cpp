#include "supervisor/session/resource_watch.hpp"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

#include "common/limits.hpp"
#include "supervisor/process/process_memory.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

std::string in_megabytes(std::uint64_t bytes) { return std::to_string(bytes / kMegabyte) + " MB"; }

template <class Interval>
bool is_due(std::int64_t now_ns, std::int64_t last_ns, Interval interval) {
  return now_ns - last_ns >= std::chrono::nanoseconds{interval}.count();
}

/// A folder of tasks has one link for each, and two of its own.
std::size_t threads_of(pid_t pid) {
  struct stat folder {};
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  if (::stat(path.c_str(), &folder) != 0 || folder.st_nlink < 2) return 0;
  return folder.st_nlink - 2;
}

}  // namespace

std::optional<Error> ResourceWatch::look(std::int64_t now_ns, const WorkerProcess& worker) {
  if (auto excess = look_at_descriptors(now_ns, worker.pid())) return excess;
  if (auto excess = look_at_tasks(worker)) return excess;
  return look_at_memory(now_ns, worker);
}

std::optional<Error> ResourceWatch::look_at_descriptors(std::int64_t now_ns, pid_t pid) {
  if (!is_due(now_ns, counted_ns_, limits::kDescriptorLook)) return std::nullopt;
  counted_ns_ = now_ns;
  std::error_code failure;
  const std::filesystem::directory_iterator open{"/proc/" + std::to_string(pid) + "/fd", failure};
  if (failure) return std::nullopt;
  descriptors_ = static_cast<std::size_t>(std::distance(begin(open), end(open)));
  if (descriptors_ < limits_.descriptors) return std::nullopt;
  return Error{ErrorCode::LimitReached,
               "all of its " + std::to_string(limits_.descriptors) + " descriptors are open",
               {}};
}

std::optional<Error> ResourceWatch::look_at_tasks(const WorkerProcess& worker) const {
  const bool counted = worker.memory_enforcement() != MemoryEnforcement::RlimitPss;
  const bool excess =
      counted ? worker.ran_out_of_tasks() : threads_of(worker.pid()) > limits_.tasks;
  if (!excess) return std::nullopt;
  return Error{ErrorCode::LimitReached,
               "it wants more than " + std::to_string(limits_.tasks) + " processes and threads",
               {}};
}

std::optional<Error> ResourceWatch::look_at_memory(std::int64_t now_ns,
                                                   const WorkerProcess& worker) {
  if (worker.memory_enforcement() != MemoryEnforcement::RlimitPss) return std::nullopt;
  const auto memory = memory_of(worker.pid());
  if (limits_.memory_bytes == 0 || !memory) return std::nullopt;
  // The cheap figures are never below the exact one: the first counts files as well, the second
  // what is shared whole.
  if (memory->resident_bytes <= limits_.memory_bytes) return std::nullopt;
  if (unbacked_bytes(worker.pid()).value_or(0) <= limits_.memory_bytes) return std::nullopt;
  if (!is_due(now_ns, shared_ns_, limits::kSharedMemoryLook)) return std::nullopt;
  shared_ns_ = now_ns;
  const auto used = proportional_bytes(worker.pid());
  if (!used || *used <= limits_.memory_bytes) return std::nullopt;
  return Error{ErrorCode::OutOfMemory,
               "it uses " + in_megabytes(*used) + " of memory, and may use " +
                   in_megabytes(limits_.memory_bytes) +
                   "; see resource_limits.memory_per_process_mb",
               {}};
}

}  // namespace bulkhead::supervisor
