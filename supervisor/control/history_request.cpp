#include "supervisor/control/history_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/sink_limits.hpp"
#include "common/snapshot_limits.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/query_pairs.hpp"
#include "supervisor/log/log_filter.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr const char* kSessionKey = "subscriptionIdentifier";
constexpr const char* kSessionsKey = "sessions";
constexpr const char* kSessionsPath = "params.sessions";

constexpr std::array<std::string_view, 3> kKinds{"detection", "event", "gap"};  // by their number
constexpr std::int64_t kNsPerUs = 1000;

/// `text` is as parse_since gives it, "2026-01-05T12:00:00.123456Z".
std::int64_t wall_ns_of(const std::string& text) {
  std::tm parts{};
  const char* const fraction = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S.", &parts);
  if (fraction == nullptr) return 0;
  std::int64_t microseconds = 0;
  std::from_chars(fraction, text.data() + text.size(), microseconds);
  return std::max<std::int64_t>(0, ::timegm(&parts)) * kNsPerSecond + microseconds * kNsPerUs;
}

void read_moment(JsonFields& fields, const char* key, std::int64_t& moment_ns) {
  const std::string text = fields.string(key, {}, limits::kLogSinceBytes);
  if (text.empty()) return;
  const auto moment = parse_since(text, wall_ns());
  if (!moment) return fields.fail(key, moment.error().message);
  moment_ns = wall_ns_of(*moment);
}

void read_kinds(JsonFields& fields, HistoryFilter& filter) {
  constexpr std::size_t kKindBytes = 16;
  for (const std::string& name : fields.strings("kinds", kKinds.size(), kKindBytes)) {
    const auto* const found = std::find(kKinds.begin(), kKinds.end(), name);
    if (found == kKinds.end()) {
      return fields.fail("kinds", R"(a kind is "detection", "event" or "gap")");
    }
    filter.kinds.insert(static_cast<ipc::HistoryKind>(found - kKinds.begin() + 1));
  }
}

void read_attribute(JsonFields& fields, HistoryFilter& filter) {
  filter.attribute = fields.string("attribute", {}, limits::kLabelBytes);
  if (fields.member("attributeValue") == nullptr) return;
  filter.attribute_value = fields.string("attributeValue", {}, limits::kLabelBytes);
  if (filter.attribute.empty()) {
    fields.fail("attributeValue", "needs the name of its attribute beside it");
  }
}

void read_filter(JsonFields& fields, HistoryFilter& filter) {
  read_moment(fields, "since", filter.from_ns);
  read_moment(fields, "until", filter.to_ns);
  read_kinds(fields, filter);
  filter.labels = fields.strings("labels", limits::kHistoryFilterTexts, limits::kLabelBytes);
  filter.min_confidence = fields.number("minConfidence", 0, 0, 1);
  const auto track = fields.integer("trackId", 0, 1, UINT32_MAX);
  if (track > 0) filter.track = static_cast<std::uint64_t>(track);
  filter.context = fields.string("context", {}, limits::kContextBytes);
  filter.zone = fields.string("zone", {}, limits::kLabelBytes);
  read_attribute(fields, filter);
}

void read_sessions(JsonFields& fields, const Identity& who, HistoryQuery& query) {
  for (const std::string& name :
       fields.strings(kSessionsKey, limits::kFilterSessions, limits::kSubscriptionIdChars)) {
    const auto id = SubscriptionId::parse(name);
    if (!id) return fields.fail(kSessionsKey, id.error().message);
    if (!who.scope.covers(*id)) {
      const Error hidden = no_such_session(id->text());
      return fields.fail(Error{hidden.code, hidden.message, kSessionsPath});
    }
    if (std::ranges::find(query.sessions, *id) == query.sessions.end()) {
      query.sessions.push_back(*id);
    }
  }
}

std::string reader_of(const Identity& who) { return who.token != 0 ? who.name : who.address; }

/// A value of an HTTP query as the JSON that it looks like.
json number_or_text(const std::string& text) {
  json number = json::parse(text, nullptr, false);
  return number.is_number() ? number : json(text);
}

json unread_of(const HistoryPage& page) {
  json all = json::array();
  for (const UnreadHistory& unread : page.unread) {
    all.push_back({{"session", unread.session.text()},
                   {"code", name_of(unread.error.code)},
                   {"message", unread.error.message}});
  }
  return all;
}

}  // namespace

Result<HistoryQuery> read_history_query(const Identity& who, const json& params) {
  JsonFields fields{params, "params"};
  HistoryQuery query;
  query.scope = who.scope;
  query.reader = reader_of(who);
  read_sessions(fields, who, query);
  read_filter(fields, query.filter);
  query.order = static_cast<HistoryOrder>(fields.one_of("order", {"newest", "oldest"}, 0));
  query.limit = static_cast<std::size_t>(
      fields.integer("limit", limits::kHistoryPage, 1, limits::kHistoryPageMost));
  const std::string cursor = fields.string("cursor", {}, limits::kHistoryCursorBytes);
  if (!cursor.empty()) {
    query.after = HistoryPosition::from_cursor(cursor);
    if (!query.after) fields.fail("cursor", R"(is none that an answer gave as "next")");
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return query;
}

Result<json> history_params_of(std::string_view query) {
  const auto pairs = query_pairs(query);
  if (!pairs) return pairs.error();
  json params = json::object();
  for (const auto& [key, value] : *pairs) {
    if (key == "session" || key == "kind" || key == "label") {
      params[key + "s"].push_back(value);
      continue;
    }
    if (params.contains(key)) {
      return Error{ErrorCode::InvalidParams, "the query says something twice", "query"};
    }
    const bool is_number = key == "limit" || key == "trackId" || key == "minConfidence";
    params[key] = is_number ? number_or_text(value) : json(value);
  }
  return Result<json>{boost::system::in_place_value, std::move(params)};
}

Result<SnapshotQuery> read_snapshot_query(const Identity& who, const json& params) {
  JsonFields fields{params, "params"};
  const auto session =
      SubscriptionId::parse(fields.required_string(kSessionKey, limits::kSubscriptionIdChars));
  if (!session) fields.fail(kSessionKey, session.error().message);
  const auto captured =
      ipc::parse_snapshot_name(fields.required_string("snapshot", limits::kSnapshotNameBytes));
  if (!captured) fields.fail("snapshot", "is no name that an event gave as its snapshot");
  const bool has_boxes = fields.boolean("boxes", false);
  if (const auto done = fields.finish(); !done) return done.error();
  return SnapshotQuery{.session = *session,
                       .capture_wall_ns = *captured,
                       .kind = has_boxes ? ipc::SnapshotKind::WithBoxes : ipc::SnapshotKind::AsSent,
                       .reader = reader_of(who)};
}

Result<json> snapshot_params_of(const std::string& session, const std::string& name,
                                std::string_view query) {
  const auto pairs = query_pairs(query);
  if (!pairs) return pairs.error();
  json params{{kSessionKey, session}, {"snapshot", name}};
  for (const auto& [key, value] : *pairs) {
    const bool is_known = key == "boxes" && !params.contains(key);
    if (!is_known || (value != "0" && value != "1")) {
      return Error{ErrorCode::InvalidParams, "the query may be boxes=1 or boxes=0, and no more",
                   "query"};
    }
    params[key] = value == "1";
  }
  return Result<json>{boost::system::in_place_value, std::move(params)};
}

Result<std::string> history_answer(const HistoryQuery& query, HistoryPage page,
                                   const SessionTable& sessions) {
  std::erase_if(page.unread, [&](const UnreadHistory& unread) {
    return unread.error.code == ErrorCode::NotFound && sessions.get(unread.session);
  });
  if (query.sessions.size() == 1 && !page.unread.empty()) {
    const Error& error = page.unread.front().error;
    if (error.code != ErrorCode::NotFound) return error;
    // As what the scope leaves out is answered.
    return Error{error.code, no_such_session(query.sessions.front().text()).message, kSessionsPath};
  }
  // Results are JSON already, each parsed and written again by the reader.
  std::string answer = R"({"results":[)";
  for (std::size_t i = 0; i < page.results.size(); ++i) {
    if (i > 0) answer += ',';
    answer += page.results[i].json;
  }
  answer += R"(],"next":)" + (page.next ? json_text_of(page.next->cursor()) : "null");
  answer += R"(,"unread":)" + json_text_of(unread_of(page));
  answer += R"(,"skipped":)" + std::to_string(page.skipped) + '}';
  return answer;
}

}  // namespace bulkhead::supervisor
