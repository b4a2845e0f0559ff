#include "common/rtsp_session.hpp"

#include <algorithm>
#include <string_view>

#include "common/limits.hpp"

namespace bulkhead {

namespace {

// No backslash: texts of a peer have their control characters escaped with it.
bool may_stand_in_a_request(std::string_view text) {
  constexpr std::string_view kRefused = "\"<>\\";
  return std::ranges::all_of(
      text, [&](char c) { return c > ' ' && c <= '~' && kRefused.find(c) == kRefused.npos; });
}

Error invalid(const char* field, const char* what) { return {ErrorCode::Corrupt, what, field}; }

}  // namespace

Result<> check(const RtspSession& session) {
  if (session.id.empty() || session.id.size() > limits::kRtspSessionIdBytes) {
    return invalid("id", "is empty or too long");
  }
  if (!may_stand_in_a_request(session.id) || session.id.find(';') != std::string::npos) {
    return invalid("id", "holds characters that no session id has");
  }
  if (session.path.size() > limits::kUrlChars) return invalid("path", "is too long");
  if (!session.path.empty() && !session.path.starts_with('/')) {
    return invalid("path", "does not begin with '/'");
  }
  if (!may_stand_in_a_request(session.path)) {
    return invalid("path", "holds characters that no URL has");
  }
  return {};
}

}  // namespace bulkhead
