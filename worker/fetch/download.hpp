#pragma once

#include "common/result.hpp"
#include "ipc/fetch_job.hpp"

namespace bulkhead::worker {

/// Asks the server of `job.url` for the rest of what `file` holds already, and appends it. Where
/// the server gives no parts, or what is there cannot be the beginning, it starts over once. One
/// attempt: whoever wants another asks for it, and goes on where this one was cut off.
///
/// Over https only, through redirects too, of which there are limits::kFetchRedirects at most; no
/// proxy, no cookies, no credentials. Each address is judged as it is connected to, so that neither
/// a name that changes nor a redirect leads where `job.addresses` lets nobody go.
///
/// LimitReached: more than `job.max_bytes`. Timeout: `job.time_s` or `job.silence_s`.
/// AddressDenied, NotFound, PermissionDenied, ConnectFailed, Unavailable, Io.
[[nodiscard]] Result<> download(const ipc::FetchJob& job, int file);

}  // namespace bulkhead::worker
