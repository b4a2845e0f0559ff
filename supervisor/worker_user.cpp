#include "supervisor/worker_user.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr const char* kField = "session_processes.worker_user";
constexpr std::size_t kAccountBytes = 4096;

Error refused_user(const std::string& name, const std::string& why) {
  return {ErrorCode::InvalidParams,
          std::string{kField} + ": \"" + printable_text(name, limits::kNameChars) + "\" " + why,
          kField};
}

Error not_given(const fs::path& path) {
  return errno_error(ErrorCode::Io, "cannot give " + path.string() + " to the workers' user");
}

Result<> give(const fs::path& folder, const WorkerUser& user) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return not_given(folder);
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return not_given(folder);
  if (status.st_uid == user.uid) return {};
  std::error_code failure;
  for (fs::recursive_directory_iterator entry{folder, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    if (::lchown(entry->path().c_str(), user.uid, user.gid) != 0) return not_given(entry->path());
  }
  if (failure) return Error{ErrorCode::Io, folder.string() + ": " + failure.message(), {}};
  // Last: should this end half-way, the next start does it again.
  if (::lchown(folder.c_str(), user.uid, user.gid) != 0) return not_given(folder);
  return {};
}

}  // namespace

Result<WorkerUser> find_worker_user(const std::string& name) {
  if (name.empty()) return WorkerUser{};
  if (::geteuid() != 0) {
    return refused_user(name,
                        "cannot be used, for only a supervisor that root has started can run "
                        "workers as another user; leave it empty");
  }
  passwd account{};
  passwd* found = nullptr;
  std::array<char, kAccountBytes> texts{};
  const int error = ::getpwnam_r(name.c_str(), &account, texts.data(), texts.size(), &found);
  if (error != 0 || found == nullptr) {
    return refused_user(name, "is no user of this machine; make it with adduser --system");
  }
  if (account.pw_uid == 0 || account.pw_gid == 0) {
    return refused_user(name, "is the superuser or of his group; name an ordinary one");
  }
  return WorkerUser{account.pw_uid, account.pw_gid};
}

Result<> hand_over(const fs::path& state_dir, const WorkerUser& user) {
  if (user.uid == 0) return {};
  constexpr mode_t kPass = 0710;
  if (::chown(state_dir.c_str(), static_cast<uid_t>(-1), user.gid) != 0 ||
      ::chmod(state_dir.c_str(), kPass) != 0) {
    return not_given(state_dir);
  }
  for (const char* folder : {"logs", "cache", "history", "spool"}) {
    if (auto given = give(state_dir / folder, user); !given) return given;
  }
  return {};
}

}  // namespace bulkhead::supervisor
