#include "worker/sandbox/capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace bulkhead::worker {

namespace {

/// A set of more than 32 capabilities comes in two parts.
using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

}  // namespace

Result<> drop_capabilities() {
  // The system call itself: libcap would be a library for one call.
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const Sets none{};
  Sets held{};
  if (::syscall(SYS_capget, &header, held.data()) == 0 &&
      std::ranges::all_of(held, [](const auto& part) { return part.permitted == 0; })) {
    return {};  // an ordinary user's, who may be forbidden to ask
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::syscall(SYS_capset, &header, none.data()) == 0) return {};
  return errno_error(ErrorCode::Unavailable, "giving up capabilities");
}

}  // namespace bulkhead::worker
