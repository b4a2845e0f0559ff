#include "worker/sandbox/sandbox.hpp"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "worker/sandbox/capabilities.hpp"
#include "worker/sandbox/landlock.hpp"
#include "worker/sandbox/sandbox_rules.hpp"
#include "worker/sandbox/syscall_filter.hpp"

namespace bulkhead::worker {

namespace {

void enter_landlock(const SandboxRules& rules, ipc::Confined& level) {
  int abi = landlock_abi();
  if (abi > 0) {
    if (const auto done = restrict_with_landlock(abi, rules.files, rules.tcp_ports); !done) {
      level.missing.push_back(done.error().message);
      abi = 0;
    }
  }
  for (std::string& gap : landlock_gaps(abi)) level.missing.push_back(std::move(gap));
  level.landlock = static_cast<std::uint32_t>(abi);
  if (abi >= kLandlockNetworkAbi) level.tcp_ports = rules.tcp_ports;
}

}  // namespace

ipc::Confined enter_sandbox(const ipc::StartMessage& start,
                            const std::filesystem::path& cache_dir) {
  std::error_code failure;  // whoever needs the cache says so
  std::filesystem::create_directories(cache_dir / kOptimizedModels, failure);
  for (const std::string& folder : {start.spool_dir, start.history_dir}) {
    if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  }
  return enter_sandbox(sandbox_rules(start, cache_dir, library_folders()));
}

ipc::Confined enter_sandbox(const SandboxRules& rules) {
  ipc::Confined level;
  level.uid = ::geteuid();
  if (const auto dropped = drop_capabilities(); !dropped) {
    level.missing.push_back(dropped.error().message);
  }
  enter_landlock(rules, level);
  const auto filtered = filter_system_calls(rules.local_sockets);
  level.syscall_filter = filtered.has_value();
  if (!filtered)
    level.missing.push_back("system calls are open to it: " + filtered.error().message);
  return level;
}

}  // namespace bulkhead::worker
