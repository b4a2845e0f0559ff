#include "supervisor/cli/log_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "supervisor/cli/answer.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTimeBytes = 27;  // "2026-01-05T12:00:00.123456Z", which a line begins with

/// The last line that was told: after an interruption the log is read from there.
class Bookmark {
 public:
  void resume(json& params) {
    if (last_.empty()) {
      params["lines"] = 0;
      return;
    }
    params["lines"] = limits::kLogTailLines;
    params["since"] = last_.substr(0, kTimeBytes);
    is_searching_ = true;
  }

  /// Takes from the lines what was told before, and remembers the last of the rest.
  void pass(json& notification) {
    json& lines = notification["params"]["lines"];
    if (!lines.is_array() || lines.empty()) return;
    if (std::exchange(is_searching_, false)) {
      const auto found = std::find(lines.rbegin(), lines.rend(), last_);
      lines.erase(lines.begin(), found.base());
    }
    if (!lines.empty() && lines.back().is_string()) last_ = lines.back();
  }

 private:
  std::string last_;
  bool is_searching_ = false;
};

Outcome<RpcClient> open_tail(const Context& context, const json& params) {
  auto client = context.connect();
  if (!client) return client;
  const auto tail = client->call("log.tail", params, context.call_time());
  if (!tail) return tail.error();
  return client;
}

}  // namespace

Outcome<> read_log(const Context& context, json params,
                   const std::function<void(const json& notification)>& told,
                   std::optional<std::chrono::seconds> limit) {
  const auto end = limit ? Clock::now() + *limit : Clock::time_point::max();
  Bookmark bookmark;
  auto client = open_tail(context, params);
  if (!client) return client.error();
  while (true) {
    if (limit && Clock::now() >= end) return boost::system::in_place_value;
    auto notification =
        limit ? client->next_notification(end - Clock::now()) : client->next_notification();
    if (!notification && limit && notification.error().exit == Exit::Timeout) {
      return boost::system::in_place_value;
    }
    if (!notification && client->may_return()) {
      bookmark.resume(params);
      client = open_tail(context, params);
      if (!client) return client.error();
      continue;
    }
    if (!notification) return notification.error();
    if (text_of(*notification, "method") != "log.line") continue;
    bookmark.pass(*notification);
    told(*notification);
    if (flag_of(member_of(*notification, "params"), "end")) return boost::system::in_place_value;
  }
}

}  // namespace bulkhead::cli
