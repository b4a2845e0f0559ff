#include "worker/sandbox/landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/unique_fd.hpp"
#include "worker/sandbox/linux_landlock.hpp"

namespace bulkhead::worker {

namespace {

constexpr int kTruncateAbi = 3;
constexpr int kIoctlAbi = 5;
constexpr int kScopesAbi = 6;

constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | landlock::kTruncate |
                                   landlock::kIoctlDev;
constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kAppend = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | landlock::kTruncate;
constexpr std::uint64_t kKeep = kRead | kAppend | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                LANDLOCK_ACCESS_FS_REFER;

/// All rights on files that this version knows: what is handled and not granted is refused.
std::uint64_t handled_access(int abi) noexcept {
  std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;  // ABI 1: the bits up to it
  if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= kTruncateAbi) all |= landlock::kTruncate;
  if (abi >= kIoctlAbi) all |= landlock::kIoctlDev;
  return all;
}

std::uint64_t rights_of(FileAccess access) noexcept {
  switch (access) {
    case FileAccess::Read:
      return kRead;
    case FileAccess::Append:
      return kAppend;
    case FileAccess::Keep:
      return kKeep;
  }
  return 0;
}

Error refused(const std::string& step) { return errno_error(ErrorCode::Unavailable, step); }

Result<> add_file(int ruleset, const FileRule& rule, std::uint64_t handled) {
  const UniqueFd place{::open(rule.path.c_str(), O_PATH | O_CLOEXEC)};
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) return {};  // nothing there to be allowed
  std::uint64_t allowed = rights_of(rule.access) & handled;
  if (!S_ISDIR(status.st_mode)) allowed &= kOfFiles;
  landlock_path_beneath_attr attr{};
  attr.allowed_access = allowed;
  attr.parent_fd = place.get();
  if (landlock::add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr) == 0) return {};
  return refused("Landlock's rule for " + rule.path.string());
}

}  // namespace

int landlock_abi() noexcept {
  const int abi = landlock::create_ruleset(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : abi;
}

std::vector<std::string> landlock_gaps(int abi) {
  if (abi <= 0) {
    return {
        "files, TCP ports and signals are open to it: the kernel has no Landlock (before "
        "Linux 5.13), has it not in its list lsm=, or a filter of system calls forbids it"};
  }
  std::vector<std::string> gaps;
  if (abi < kTruncateAbi) gaps.emplace_back("files can be truncated (before Linux 6.2)");
  if (abi < kLandlockNetworkAbi) gaps.emplace_back("TCP ports are open to it (before Linux 6.7)");
  if (abi < kScopesAbi) {
    gaps.emplace_back("signals and abstract sockets are open to it (before Linux 6.12)");
  }
  return gaps;
}

Result<> restrict_with_landlock(int abi, const std::vector<FileRule>& files,
                                const std::vector<std::uint16_t>& ports) {
  landlock::RulesetAttr attr{.handled_access_fs = handled_access(abi)};
  if (abi >= kLandlockNetworkAbi)
    attr.handled_access_net = landlock::kBindTcp | landlock::kConnectTcp;
  if (abi >= kScopesAbi) attr.scoped = landlock::kScopeAbstractSockets | landlock::kScopeSignals;
  const UniqueFd ruleset{landlock::create_ruleset(&attr, sizeof attr, 0)};
  if (!ruleset) return refused("Landlock's set of rules");
  for (const FileRule& rule : files) {
    if (auto added = add_file(ruleset.get(), rule, attr.handled_access_fs); !added) return added;
  }
  for (const std::uint16_t port : ports) {
    if (abi < kLandlockNetworkAbi) break;
    const landlock::NetPortAttr rule{.allowed_access = landlock::kConnectTcp, .port = port};
    if (landlock::add_rule(ruleset.get(), landlock::kRuleNetPort, &rule) != 0) {
      return refused("Landlock's rule for port " + std::to_string(port));
    }
  }
  if (landlock::restrict_self(ruleset.get()) != 0) return refused("landlock_restrict_self");
  return {};
}

}  // namespace bulkhead::worker
