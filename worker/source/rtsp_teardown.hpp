#pragma once

#include <chrono>
#include <stop_token>

#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "common/rtsp_url.hpp"

namespace bulkhead::worker {

/// Ends a session that another connection left at the camera: TEARDOWN on a connection of its own,
/// to the address and with the credentials of `camera`, which are tried once. Takes no longer than
/// `limit`, and ends at once where `stop` is requested.
///
/// Success: the camera has ended it. AuthFailed: it refuses the credentials; NotFound: it knows no
/// such session; AddressDenied: guard_addresses() lets nobody connect there; ConnectFailed: it
/// answered otherwise, or not. The message never names the session.
[[nodiscard]] Result<> end_rtsp_session(const RtspUrl& camera, const RtspSession& session,
                                        std::chrono::milliseconds limit, std::stop_token stop);

}  // namespace bulkhead::worker
