#pragma once

#include "common/result.hpp"

namespace bulkhead::worker {

/// Whether a worker may open sockets of this machine's own, by which it could ask a more powerful
/// process: only where names are looked up, for nscd, systemd-resolved and Avahi answer there.
enum class LocalSockets { Refused, Allowed };

/// From now on the calling thread, and all threads that it starts later, are refused the system
/// calls that no worker needs and that breaking out begins with: starting programs and processes,
/// looking into others, mounts, namespaces, kernel modules, bpf, io_uring, keys, the clock, and
/// sockets of other families than IP. A refused call fails with EPERM, as one that needs a
/// privilege would: libraries that only try their luck go on, where a signal would take the camera
/// away. It is a list of what is denied, not of what is allowed, because an allowed list of
/// GStreamer, codecs and engines would break with their next update. Needs PR_SET_NO_NEW_PRIVS.
///
/// Unavailable: the kernel takes no filter; then nothing has changed.
[[nodiscard]] Result<> filter_system_calls(LocalSockets local);

}  // namespace bulkhead::worker
