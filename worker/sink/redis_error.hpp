#pragma once

#include <string_view>

#include "common/error.hpp"

namespace bulkhead::worker {

/// What Redis refused, classified once by the first word of its reply, as of `Sink::open`.
///
/// | reply | code | |
/// | --- | --- | --- |
/// | LOADING, MISCONF, MASTERDOWN, CLUSTERDOWN, BUSY, TRYAGAIN | Unavailable | passes, or the
/// operator sees to it | | READONLY | Unavailable | a replica, until it is promoted or the name
/// leads to another | | OOM, max number of clients | LimitReached | until something is freed | |
/// MOVED, ASK | Unavailable | a node of a cluster, which this sink does not know | | NOAUTH,
/// WRONGPASS, invalid password, AUTH unasked | AuthFailed | permanent: the configuration | | NOPERM
/// | PermissionDenied | permanent: the server's ACL | | DB index | InvalidParams | permanent: the
/// configuration | | WRONGTYPE and all else | Unavailable | nothing that a record could be blamed
/// for |
[[nodiscard]] Error redis_error(std::string_view reply);

/// XADD's refusal of an id that is not beyond the last one of its stream.
[[nodiscard]] bool is_passed_id(std::string_view reply) noexcept;

}  // namespace bulkhead::worker
