#include "supervisor/process/worker_cgroups.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "common/limits.hpp"
#include "supervisor/process/kernel_file.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolderPrefix = "bulkhead-";
constexpr std::string_view kWorkerPrefix = "worker-";

/// Of a control group, which can be removed though it shows files.
void remove_group(const fs::path& group) { ::rmdir(group.c_str()); }

void kill_all_in(const fs::path& group) {
  // Version 2 has a word for it since Linux 5.14, which also reaches who forks meanwhile.
  if (write_kernel_file(group / "cgroup.kill", "1")) return;
  (void)write_kernel_file(group / "pids.max", "0");  // nobody forks meanwhile
  std::ifstream members{group / "cgroup.procs"};
  for (pid_t pid = 0; members >> pid;) ::kill(pid, SIGKILL);
}

std::vector<fs::path> groups_in(const fs::path& group) {
  std::vector<fs::path> groups;
  std::error_code failure;
  fs::directory_iterator at{group, failure};
  for (; !failure && at != fs::directory_iterator{}; at.increment(failure)) {
    if (at->is_directory(failure)) groups.push_back(at->path());
  }
  return groups;
}

/// Folders of supervisors that are no more. One that still holds a process is left: the kernel
/// refuses to remove it.
void remove_left_behind(const fs::path& group) {
  for (const fs::path& folder : groups_in(group)) {
    const std::string name = folder.filename();
    if (!name.starts_with(kFolderPrefix)) continue;
    pid_t pid = 0;
    std::from_chars(name.data() + kFolderPrefix.size(), name.data() + name.size(), pid);
    if (pid <= 0 || (pid != ::getpid() && (::kill(pid, 0) == 0 || errno == EPERM))) continue;
    for (const fs::path& inner : groups_in(folder)) remove_group(inner);
    remove_group(folder);
  }
}

Result<> make_group(const fs::path& group) {
  std::error_code failure;
  if (fs::create_directory(group, failure) || !failure) return {};
  return Error{ErrorCode::Io, "cannot make " + group.string() + ": " + failure.message(), {}};
}

/// A file that not every kernel has.
Result<> write_where_present(const fs::path& file, std::string_view text) {
  const auto written = write_kernel_file(file, text);
  if (!written && written.error().code != ErrorCode::NotFound) return written.error();
  return {};
}

}  // namespace

Result<> write_limits(MemoryEnforcement version, const fs::path& memory, const fs::path& pids,
                      const WorkerCgroups::Limits& limits) {
  const std::string bytes = std::to_string(limits.memory_bytes);
  if (limits.memory_bytes > 0 && version == MemoryEnforcement::Cgroup2) {
    if (auto done = write_kernel_file(memory / "memory.max", bytes); !done) return done;
    // A worker that swaps is slow for minutes before it ends; it shall end.
    if (auto done = write_where_present(memory / "memory.swap.max", "0"); !done) return done;
    // It and what it started are one.
    if (auto done = write_where_present(memory / "memory.oom.group", "1"); !done) return done;
  }
  if (limits.memory_bytes > 0 && version == MemoryEnforcement::Cgroup1) {
    if (auto done = write_kernel_file(memory / "memory.limit_in_bytes", bytes); !done) return done;
    // Memory and swap together: no swap beyond the memory.
    auto done = write_where_present(memory / "memory.memsw.limit_in_bytes", bytes);
    if (!done) return done;
  }
  if (limits.tasks == 0 || pids.empty()) return {};
  return write_kernel_file(pids / "pids.max", std::to_string(limits.tasks));
}

std::uint64_t memory_kills(MemoryEnforcement version, const fs::path& memory) {
  const bool second = version == MemoryEnforcement::Cgroup2;
  const auto text = read_kernel_file(memory / (second ? "memory.events" : "memory.oom_control"));
  return text ? number_after(*text, "oom_kill ").value_or(0) : 0;
}

WorkerCgroup::~WorkerCgroup() {
  if (owner_ != nullptr) owner_->remove(number_);
}

Result<> WorkerCgroup::add(pid_t pid) const {
  const std::string text = std::to_string(pid);
  const fs::path memory = owner_->memory_of(number_);
  const fs::path pids = owner_->pids_of(number_);
  if (auto done = write_kernel_file(memory / "cgroup.procs", text); !done) return done;
  if (pids.empty() || pids == memory) return {};
  return write_kernel_file(pids / "cgroup.procs", text);
}

bool WorkerCgroup::ran_out_of_memory() const {
  return memory_kills(owner_->enforcement(), owner_->memory_of(number_)) > 0;
}

bool WorkerCgroup::ran_out_of_tasks() const {
  const fs::path pids = owner_->pids_of(number_);
  if (pids.empty()) return false;
  const auto text = read_kernel_file(pids / "pids.events");
  return text && number_after(*text, "max ").value_or(0) > 0;
}

Result<std::unique_ptr<WorkerCgroups>> WorkerCgroups::create(CgroupHierarchy hierarchy) {
  std::unique_ptr<WorkerCgroups> made{new WorkerCgroups{std::move(hierarchy)}};
  for (const fs::path& group : made->own_groups()) remove_left_behind(group);
  for (const fs::path& folder : made->folders()) {
    if (auto done = make_group(folder); !done) return done.error();
  }
  if (made->enforcement() == MemoryEnforcement::Cgroup2) {
    if (auto done = made->hand_down_controllers(); !done) return done.error();
  }
  // Whether the limits can be written shows here, before a camera depends on it.
  auto tried = made->make({.memory_bytes = std::uint64_t{1} << 30, .tasks = limits::kWorkerTasks});
  if (!tried) return tried.error();
  return made;
}

std::unique_ptr<WorkerCgroups> WorkerCgroups::resume(State state) {
  std::unique_ptr<WorkerCgroups> resumed{new WorkerCgroups{std::move(state.hierarchy)}};
  resumed->last_number_ = state.last_number;
  return resumed;
}

WorkerCgroups::WorkerCgroups(CgroupHierarchy hierarchy)
    : hierarchy_{std::move(hierarchy)},
      name_{std::string{kFolderPrefix} + std::to_string(::getpid())} {}

WorkerCgroups::~WorkerCgroups() {
  remove_ended();
  if (enforcement() == MemoryEnforcement::Cgroup2) {
    // Refused while the group hands down its controllers; then the folder is the next one's to
    // remove.
    (void)write_kernel_file(hierarchy_.memory / "cgroup.procs", std::to_string(::getpid()));
    remove_group(hierarchy_.memory / name_ / "supervisor");
  }
  for (const fs::path& folder : folders()) remove_group(folder);
}

std::vector<fs::path> WorkerCgroups::own_groups() const {
  std::vector<fs::path> groups{hierarchy_.memory};
  if (!hierarchy_.pids.empty() && hierarchy_.pids != hierarchy_.memory) {
    groups.push_back(hierarchy_.pids);
  }
  return groups;
}

std::vector<fs::path> WorkerCgroups::folders() const {
  std::vector<fs::path> folders;
  for (const fs::path& group : own_groups()) folders.push_back(group / name_);
  return folders;
}

Result<> WorkerCgroups::hand_down_controllers() const {
  const fs::path& own = hierarchy_.memory;
  const fs::path leaf = own / name_ / "supervisor";
  const std::string controllers = hierarchy_.pids.empty() ? "+memory" : "+memory +pids";
  if (auto done = make_group(leaf); !done) return done;
  const std::string pid = std::to_string(::getpid());
  if (auto done = write_kernel_file(leaf / "cgroup.procs", pid); !done) return done;
  for (const fs::path& group : {own, own / name_}) {
    auto done = write_kernel_file(group / "cgroup.subtree_control", controllers);
    if (!done) return done;
  }
  return {};
}

fs::path WorkerCgroups::memory_of(std::uint64_t number) const {
  return hierarchy_.memory / name_ / (std::string{kWorkerPrefix} + std::to_string(number));
}

fs::path WorkerCgroups::pids_of(std::uint64_t number) const {
  if (hierarchy_.pids.empty()) return {};
  return hierarchy_.pids / name_ / (std::string{kWorkerPrefix} + std::to_string(number));
}

Result<WorkerCgroup> WorkerCgroups::make(const Limits& limits) {
  remove_ended();
  WorkerCgroup made{*this, ++last_number_};
  const fs::path memory = memory_of(last_number_);
  const fs::path pids = pids_of(last_number_);
  if (auto done = make_group(memory); !done) return done.error();
  if (!pids.empty()) {
    if (auto done = make_group(pids); !done) return done.error();
  }
  if (auto done = write_limits(enforcement(), memory, pids, limits); !done) return done.error();
  return made;
}

void WorkerCgroups::remove(std::uint64_t number) {
  for (const fs::path& group : {pids_of(number), memory_of(number)}) {
    if (group.empty()) continue;
    kill_all_in(group);
    ended_.push_back(group);
  }
  remove_ended();
}

void WorkerCgroups::remove_ended() {
  // What was killed a moment ago may still be in it: then it is removed at a later call.
  std::erase_if(
      ended_, [](const fs::path& group) { return ::rmdir(group.c_str()) == 0 || errno != EBUSY; });
}

}  // namespace bulkhead::supervisor
