#include "supervisor/control/log_request.hpp"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/control/query_pairs.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr std::size_t kLinesByDefault = 20;
constexpr const char* kOwnLog = "detector_worker_main.log";

/// A value of a query as the JSON that it looks like: the number of lines, a switch, or a text.
json value_of(std::string_view key, const std::string& text) {
  if (key == "lines") {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, bad] = std::from_chars(text.data(), end, number);
    if (bad == std::errc{} && rest == end) return number;
  }
  if (key == "follow") {
    if (text == "1" || text == "true") return true;
    if (text == "0" || text == "false") return false;
  }
  return text;
}

/// Fills in whose log it is.
void read_whose(JsonFields& fields, const ControlServices& services, const Identity& who,
                LogRequest& request) {
  constexpr const char* kIdKey = "subscriptionIdentifier";
  const bool is_own = fields.boolean("supervisor", false);
  const std::string name = fields.string(kIdKey, {}, limits::kSubscriptionIdChars);
  if (fields.failed()) return;
  if (is_own != name.empty()) {
    return fields.fail(kIdKey, R"(give this, or "supervisor": true for the supervisor's own log)");
  }
  request.name = kOwnLog;
  // The supervisor's own log tells of all sessions.
  const Role needed = is_own ? Role::Admin : Role::Operator;
  if (!covers(who.role, needed)) {
    return fields.fail(Error{ErrorCode::PermissionDenied,
                             "this log needs the role " + std::string{name_of(needed)},
                             {}});
  }
  if (is_own) return;
  const auto id = SubscriptionId::parse(name);
  if (!id) return fields.fail(kIdKey, id.error().message);
  if (!who.scope.covers(*id)) {
    const Error hidden = no_such_session(id->text());
    return fields.fail(Error{hidden.code, hidden.message, fields.path_of(kIdKey)});
  }
  const auto view = services.sessions.get(*id);
  if (!view) {
    return fields.fail(Error{view.error().code, view.error().message, fields.path_of(kIdKey)});
  }
  request.session = id->text();
  request.name = std::filesystem::path{view->log_file}.filename();
}

}  // namespace

Result<LogRequest> read_log_request(const ControlServices& services, const Identity& who,
                                    const json& params) {
  JsonFields fields{params, "params"};
  LogRequest request;
  request.reader = who.token != 0 ? who.name : who.address;
  request.lines = static_cast<std::size_t>(
      fields.integer("lines", kLinesByDefault, 0, std::int64_t{limits::kLogTailLines}));
  request.follow = fields.boolean("follow", false);
  request.filter.level = fields.one_of("level", {kLogLevels.begin(), kLogLevels.end()}, 0);
  request.filter.grep = fields.string("grep", {}, limits::kLogGrepBytes);
  if (const auto since = fields.string("since", {}, limits::kLogSinceBytes); !since.empty()) {
    auto moment = parse_since(since, wall_ns());
    if (!moment) fields.fail("since", moment.error().message);
    if (moment) request.filter.since = *std::move(moment);
  }
  read_whose(fields, services, who, request);
  if (const auto done = fields.finish(); !done) return done.error();
  return request;
}

Result<json> log_params_of(std::string_view query) {
  const auto pairs = query_pairs(query);
  if (!pairs) return pairs.error();
  json params = json::object();
  for (const auto& [key, value] : *pairs) {
    if (params.contains(key)) {
      return Error{ErrorCode::InvalidParams, "the query says something twice", "query"};
    }
    params[key] = value_of(key, value);
  }
  return Result<json>{boost::system::in_place_value, std::move(params)};
}

}  // namespace bulkhead::supervisor
