#include "supervisor/process/cgroup_hierarchy.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "supervisor/process/kernel_file.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

struct Mount {
  fs::path root;  // the group that the mount point shows
  fs::path point;
  std::string type;
  std::vector<std::string> options;
};

struct Membership {
  std::vector<std::string> controllers;  // none: version 2
  fs::path group;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{text};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// "36 35 0:31 /root /mount/point rw,… shared:1 - cgroup2 source rw,…"
std::vector<Mount> parse_mounts(const std::string& text) {
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kPoint = 4;
  std::vector<Mount> mounts;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() <= kPoint || std::distance(dash, fields.end()) < 4) continue;
    mounts.push_back({fields[kRoot], fields[kPoint], *(dash + 1), split(*(dash + 3), ',')});
  }
  return mounts;
}

/// "4:memory:/group", or "0::/group" in version 2.
std::vector<Membership> parse_memberships(const std::string& text) {
  std::vector<Membership> memberships;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    memberships.push_back(
        {split(line.substr(first + 1, second - first - 1), ','), line.substr(second + 1)});
  }
  return memberships;
}

/// In a container the mount may show a part of the tree only.
std::optional<fs::path> directory_of(const Mount& mount, const fs::path& group) {
  const fs::path inside = group.lexically_relative(mount.root);
  if (inside.empty() || *inside.begin() == "..") return std::nullopt;
  return inside == "." ? mount.point : mount.point / inside;
}

/// Our group in the hierarchy of one controller; empty: in version 2.
std::optional<fs::path> own_directory(const std::vector<Mount>& mounts,
                                      const std::vector<Membership>& memberships,
                                      const std::string& controller) {
  for (const Membership& membership : memberships) {
    const bool of_version_2 = membership.controllers.empty();
    if (of_version_2 != controller.empty()) continue;
    if (!of_version_2 && !contains(membership.controllers, controller)) continue;
    for (const Mount& mount : mounts) {
      const bool shows_it = of_version_2
                                ? mount.type == "cgroup2"
                                : mount.type == "cgroup" && contains(mount.options, controller);
      if (!shows_it) continue;
      if (auto directory = directory_of(mount, membership.group)) return directory;
    }
  }
  return std::nullopt;
}

std::string text_of(const char* file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

std::string_view name_of(MemoryEnforcement enforcement) noexcept {
  switch (enforcement) {
    case MemoryEnforcement::Cgroup2:
      return "cgroup2";
    case MemoryEnforcement::Cgroup1:
      return "cgroup1";
    case MemoryEnforcement::RlimitPss:
      return "rlimit+pss";
  }
  return "rlimit+pss";
}

Result<CgroupHierarchy> find_cgroups(const std::string& mountinfo, const std::string& membership) {
  const auto mounts = parse_mounts(mountinfo);
  const auto memberships = parse_memberships(membership);
  if (const auto own = own_directory(mounts, memberships, "")) {
    std::string controllers = read_kernel_file(*own / "cgroup.controllers").value_or("");
    std::replace(controllers.begin(), controllers.end(), '\n', ' ');
    const auto names = split(controllers, ' ');
    if (contains(names, "memory")) {
      return CgroupHierarchy{.enforcement = MemoryEnforcement::Cgroup2,
                             .memory = *own,
                             .pids = contains(names, "pids") ? *own : fs::path{}};
    }
  }
  if (const auto own = own_directory(mounts, memberships, "memory")) {
    return CgroupHierarchy{.enforcement = MemoryEnforcement::Cgroup1,
                           .memory = *own,
                           .pids = own_directory(mounts, memberships, "pids").value_or(fs::path{})};
  }
  return Error{ErrorCode::Unavailable, "no control group of ours has the memory controller", {}};
}

Result<CgroupHierarchy> find_own_cgroups() {
  return find_cgroups(text_of("/proc/self/mountinfo"), text_of("/proc/self/cgroup"));
}

}  // namespace bulkhead::supervisor
