#include "worker/sink/redis_error.hpp"

#include <array>
#include <string>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

struct KnownReply {
  std::string_view begins;
  ErrorCode code;
  std::string_view remedy;
};

constexpr std::array kKnownReplies{
    KnownReply{"LOADING", ErrorCode::Unavailable, "it still reads its files"},
    KnownReply{"MISCONF", ErrorCode::Unavailable, "make room on its disk, or look at its log"},
    KnownReply{"MASTERDOWN", ErrorCode::Unavailable, "its master is away"},
    KnownReply{"CLUSTERDOWN", ErrorCode::Unavailable, "its cluster is away"},
    KnownReply{"BUSY", ErrorCode::Unavailable, "a script holds it up"},
    KnownReply{"TRYAGAIN", ErrorCode::Unavailable, "it moves its keys"},
    KnownReply{"READONLY", ErrorCode::Unavailable,
               "it is a replica; give the address of its master"},
    KnownReply{"MOVED", ErrorCode::Unavailable,
               "it is a node of a cluster; give a server by itself"},
    KnownReply{"ASK", ErrorCode::Unavailable, "it is a node of a cluster; give a server by itself"},
    KnownReply{"OOM", ErrorCode::LimitReached, "raise its maxmemory, or lower max_length"},
    KnownReply{"ERR max number of clients", ErrorCode::LimitReached, "raise its maxclients"},
    KnownReply{"NOAUTH", ErrorCode::AuthFailed, "give a password"},
    KnownReply{"WRONGPASS", ErrorCode::AuthFailed, "correct user and password"},
    KnownReply{"ERR invalid password", ErrorCode::AuthFailed, "correct the password"},
    KnownReply{"ERR AUTH", ErrorCode::AuthFailed, "it asks for no password; remove it"},
    KnownReply{"ERR Client sent AUTH", ErrorCode::AuthFailed, "it asks for no password; remove it"},
    KnownReply{"NOPERM", ErrorCode::PermissionDenied, "give its user the right"},
    KnownReply{"ERR DB index", ErrorCode::InvalidParams, "correct the database"},
    KnownReply{"WRONGTYPE", ErrorCode::Unavailable,
               "the name is taken by something else; change one"},
};

}  // namespace

Error redis_error(std::string_view reply) {
  ErrorCode code = ErrorCode::Unavailable;
  std::string_view remedy = "look at the server";
  for (const KnownReply& known : kKnownReplies) {
    if (!reply.starts_with(known.begins)) continue;
    code = known.code;
    remedy = known.remedy;
    break;
  }
  return {
      code,
      "Redis refuses: " + printable_text(reply, limits::kReasonBytes) + "; " + std::string{remedy},
      {}};
}

bool is_passed_id(std::string_view reply) noexcept {
  return reply.starts_with("ERR The ID specified in XADD is equal or smaller");
}

}  // namespace bulkhead::worker
