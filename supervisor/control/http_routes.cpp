#include "supervisor/control/http_routes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/percent_encoding.hpp"
#include "supervisor/control/embedded.hpp"
#include "supervisor/control/history_request.hpp"
#include "supervisor/control/http_log_stream.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/log_request.hpp"
#include "supervisor/control/query_pairs.hpp"
#include "supervisor/metrics/prometheus_text.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr std::string_view kSessions = "/api/v1/sessions";
constexpr std::string_view kHistory = "/api/v1/history";
constexpr std::string_view kOwnLogs = "/api/v1/system/logs";
constexpr std::string_view kUpgrade = "/api/v1/system/upgrade";
constexpr std::string_view kTicket = "/api/v1/auth/ticket";
constexpr std::string_view kId = "subscriptionIdentifier";

/// Whether `path` is that of `collection`, or that of one thing in it.
bool is_of(std::string_view path, std::string_view collection) {
  return path.starts_with(collection) &&
         (path.size() == collection.size() || path[collection.size()] == '/');
}

HttpReply not_found() {
  return http_error(404, {ErrorCode::NotFound, "there is nothing under this path", {}});
}

/// True when the method is one of `allowed`; otherwise `done` has the 405.
bool allows(std::initializer_list<std::string_view> allowed, const HttpRequest& request,
            const HttpRoutes::Done& done) {
  if (std::find(allowed.begin(), allowed.end(), request.method) != allowed.end()) return true;
  std::string names;
  for (const std::string_view name : allowed) {
    names += names.empty() ? "" : ", ";
    names += name;
  }
  HttpReply reply = http_error(405, {ErrorCode::InvalidParams, "this path allows " + names, {}});
  reply.allow = std::move(names);
  done(std::move(reply));
  return false;
}

bool counts_as_live(const SessionView& view) {
  return view.state == SessionState::Live || view.state == SessionState::Degraded;
}

/// What is asked of a session with POST; empty: nothing.
std::string posted_method(std::string_view verb) {
  if (verb == "restart") return "session.restart";
  if (verb == "context") return "session.setContext";
  if (verb == "progress") return "session.progress";
  if (verb == "gst-debug") return "log.gstDebug";
  return {};
}

bool may_be_away(const SessionView& view) {
  return is_expected_absence(view.spec.availability, view.state, view.reason);
}

}  // namespace

/// Things with names that are listed, added, and where they can be, removed.
struct HttpRoutes::Collection {
  std::string_view path;
  const char* list;
  const char* add;
  const char* remove;  // null: they go by themselves
};

unsigned http_status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidParams:
    case ErrorCode::ProtocolError:
      return 400;
    case ErrorCode::Unauthenticated:
      return 401;
    case ErrorCode::PermissionDenied:
    case ErrorCode::AddressDenied:
      return 403;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::AlreadyExists:
      return 409;
    case ErrorCode::LimitReached:
      return 429;
    case ErrorCode::Unavailable:
      return 503;
    case ErrorCode::Timeout:
      return 504;
    case ErrorCode::ConnectFailed:
    case ErrorCode::AuthFailed:
    case ErrorCode::NoVideo:
    case ErrorCode::UnsupportedCodec:
    case ErrorCode::Stalled:
    case ErrorCode::EndOfStream:
    case ErrorCode::DecodeError:
    case ErrorCode::Frozen:
      return 502;  // the camera, not the client and not we
    default:
      return 500;
  }
}

HttpReply http_error(unsigned status, const Error& error) {
  json body{{"code", name_of(error.code)}, {"message", error.message}};
  if (!error.field.empty()) body["field"] = error.field;
  return {.status = status,
          .content_type = "application/json",
          .body = json_text_of({{"error", std::move(body)}}),
          .allow = {}};
}

void HttpRoutes::call(const HttpRequest& request, const std::string& method,
                      const std::string& params, Done done) const {
  const auto* found = methods_.find(method);
  auto parsed = parse_json(params.empty() ? "{}" : params, JsonComments::Refused);
  if (!parsed) return done(http_error(400, parsed.error()));
  const Caller caller{.connection = 0, .subscriber = nullptr, .identity = request.identity};
  (*found)(caller, *parsed, [done = std::move(done)](const Result<std::string>& result) {
    if (!result) return done(http_error(http_status_of(result.error().code), result.error()));
    done({.status = 200, .content_type = "application/json", .body = *result, .allow = {}});
  });
}

void HttpRoutes::answer(const HttpRequest& request, Done done) const {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (is_of(path, kSessions)) {
    return answer_sessions(request, std::move(done));
  }
  if (path == kUpgrade) {
    if (!allows({"POST"}, request, done)) return;
    return call(request, "system.upgrade", request.body, std::move(done));
  }
  if (path == kTicket) {
    if (!allows({"POST"}, request, done)) return;
    return call(request, "auth.ticket", request.body, std::move(done));
  }
  static constexpr std::array kCollections{
      Collection{"/api/v1/tokens", "token.list", "token.add", "token.revoke"},
      Collection{"/api/v1/models", "model.list", "model.fetch", nullptr},
      Collection{"/api/v1/bundles", "bundle.list", "bundle.install", "bundle.remove"},
  };
  for (const Collection& collection : kCollections) {
    if (is_of(path, collection.path)) {
      return answer_collection(request, collection,
                               std::string_view{path}.substr(collection.path.size()),
                               std::move(done));
    }
  }
  if (path == kHistory) {
    if (!allows({"GET"}, request, done)) return;
    return answer_history(request, std::move(done));
  }
  if (path.starts_with(std::string{kHistory} + "/")) {
    return answer_event_snapshot(request, std::string_view{path}.substr(kHistory.size() + 1),
                                 std::move(done));
  }
  if (path == kOwnLogs) {
    if (!allows({"GET"}, request, done)) return;
    return answer_logs(request, {}, done);
  }
  const bool is_known = path == "/" || path == "/healthz" || path == "/readyz" ||
                        path == "/metrics" || path == "/api/v1/system" ||
                        path == "/api/v1/openrpc.json";
  if (!is_known) return done(not_found());
  if (!allows({"GET"}, request, done)) return;
  if (path == "/healthz") {
    return done({.status = 200, .body = R"({"status":"ok"})"});
  }
  if (path == "/readyz") return done(readiness(request.identity->scope));
  if (path == "/metrics") return done(metrics(request.identity->scope));
  if (path == "/api/v1/system") return call(request, "system.state", {}, std::move(done));
  if (path == "/api/v1/openrpc.json") return call(request, "rpc.discover", {}, std::move(done));
  done({.status = 200,
        .content_type = "text/html; charset=utf-8",
        .body = std::string{kOperatorPage}});
}

void HttpRoutes::answer_collection(const HttpRequest& request, const Collection& collection,
                                   std::string_view rest, Done done) const {
  if (rest.empty()) {
    if (!allows({"GET", "POST"}, request, done)) return;
    if (request.method == "GET") return call(request, collection.list, {}, std::move(done));
    return call(request, collection.add, request.body, std::move(done));
  }
  const auto name = percent_decoded(rest.substr(1));
  if (!name || name->empty() || collection.remove == nullptr) return done(not_found());
  if (!allows({"DELETE"}, request, done)) return;
  call(request, collection.remove, json_text_of({{"name", *name}}), std::move(done));
}

void HttpRoutes::answer_sessions(const HttpRequest& request, Done done) const {
  std::string_view path{request.target};
  path = path.substr(0, path.find('?'));
  path.remove_prefix(kSessions.size());
  if (!path.empty()) return answer_session(request, path.substr(1), std::move(done));
  if (!allows({"GET", "POST", "PUT"}, request, done)) return;
  if (request.method == "GET") return call(request, "session.list", {}, std::move(done));
  if (request.method == "PUT") {
    return call(request, "session.setSubscriptionList", request.body, std::move(done));
  }
  call(request, "session.subscribe", request.body, std::move(done));
}

void HttpRoutes::answer_session(const HttpRequest& request, std::string_view rest,
                                Done done) const {
  const std::size_t slash = rest.find('/');
  const auto name = percent_decoded(rest.substr(0, slash));
  const std::string_view verb =
      slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (!name || name->empty()) return done(not_found());
  // The name of the path is the name of the session, whatever the body says.
  const auto params = [&](std::string_view body) -> Result<std::string> {
    auto parsed = parse_json(body.empty() ? "{}" : body, JsonComments::Refused);
    if (!parsed) return parsed.error();
    if (parsed->is_object()) (*parsed)[std::string{kId}] = *name;
    return json_text_of(*parsed);
  };
  if (slash == std::string_view::npos) {
    if (!allows({"GET", "DELETE", "PATCH"}, request, done)) return;
    if (request.method == "PATCH") {
      const auto changes = params(request.body);
      if (!changes) return done(http_error(400, changes.error()));
      return call(request, "session.reconfigure", *changes, std::move(done));
    }
    return call(request, request.method == "GET" ? "session.get" : "session.unsubscribe",
                *params({}), std::move(done));
  }
  if (const std::string method = posted_method(verb); !method.empty()) {
    if (!allows({"POST"}, request, done)) return;
    const auto given = params(request.body);
    if (!given) return done(http_error(400, given.error()));
    return call(request, method, *given, std::move(done));
  }
  if (verb == "canary" || verb == "canary/promote") {
    const bool is_promotion = verb != "canary";
    if (is_promotion ? !allows({"POST"}, request, done)
                     : !allows({"POST", "DELETE"}, request, done)) {
      return;
    }
    const auto given = params(request.body);
    if (!given) return done(http_error(400, given.error()));
    const char* method = request.method == "DELETE" ? "session.canary.rollback"
                         : is_promotion             ? "session.canary.promote"
                                                    : "session.canary.start";
    return call(request, method, *given, std::move(done));
  }
  if (verb == "logs") {
    if (!allows({"GET"}, request, done)) return;
    return answer_logs(request, *name, done);
  }
  if (verb == "snapshot.jpg") {
    if (!allows({"GET"}, request, done)) return;
    return answer_snapshot(request, *name, std::move(done));
  }
  done(not_found());
}

void HttpRoutes::answer_history(const HttpRequest& request, Done done) const {
  const auto params = history_params_of(query_of(request.target));
  if (!params) return done(http_error(400, params.error()));
  call(request, "history.query", json_text_of(*params), std::move(done));
}

/// `rest` is SESSION/snapshots/NAME.
void HttpRoutes::answer_event_snapshot(const HttpRequest& request, std::string_view rest,
                                       Done done) const {
  constexpr std::string_view kSnapshots = "/snapshots/";
  const std::size_t middle = rest.find(kSnapshots);
  if (middle == std::string_view::npos) return done(not_found());
  const auto session = percent_decoded(rest.substr(0, middle));
  const auto name = percent_decoded(rest.substr(middle + kSnapshots.size()));
  if (!session || !name) return done(not_found());
  if (!allows({"GET"}, request, done)) return;
  const auto params = snapshot_params_of(*session, *name, query_of(request.target));
  if (!params) return done(http_error(400, params.error()));
  auto query = read_snapshot_query(*request.identity, *params);
  if (!query) return done(http_error(400, query.error()));
  if (!request.identity->scope.covers(query->session)) {
    return done(http_error(404, no_such_session(query->session.text())));
  }
  services_.history->snapshot(
      *std::move(query), [done = std::move(done)](Result<std::string> jpeg) {
        if (!jpeg) return done(http_error(http_status_of(jpeg.error().code), jpeg.error()));
        done({.status = 200, .content_type = "image/jpeg", .body = *std::move(jpeg), .allow = {}});
      });
}

/// An empty `session`: the supervisor's own log.
void HttpRoutes::answer_logs(const HttpRequest& request, const std::string& session,
                             const Done& done) const {
  auto params = log_params_of(query_of(request.target));
  if (!params) return done(http_error(400, params.error()));
  // The path says whose log it is, whatever the query says.
  params->erase(session.empty() ? std::string{kId} : "supervisor");
  if (session.empty()) {
    (*params)["supervisor"] = true;
  } else {
    (*params)[std::string{kId}] = session;
  }
  auto read = read_log_request(services_, *request.identity, *params);
  if (!read) return done(http_error(http_status_of(read.error().code), read.error()));
  if (read->follow) {
    return done({.status = 200,
                 .content_type = std::string{kLogContentType},
                 .followed = std::move(*read)});
  }
  collect_log(services_.logs, *std::move(read), done);
}

void HttpRoutes::answer_snapshot(const HttpRequest& request, const std::string& name,
                                 Done done) const {
  const auto id = SubscriptionId::parse(name);
  if (!id) return done(http_error(400, id.error()));
  if (!request.identity->scope.covers(*id)) {
    return done(http_error(404, no_such_session(id->text())));
  }
  services_.sessions.snapshot(
      *id, [done = std::move(done)](const Result<std::vector<std::byte>>& jpeg) {
        if (!jpeg) return done(http_error(http_status_of(jpeg.error().code), jpeg.error()));
        done({.status = 200,
              .content_type = "image/jpeg",
              .body = std::string(reinterpret_cast<const char*>(jpeg->data()), jpeg->size()),
              .allow = {}});
      });
}

HttpReply HttpRoutes::metrics(const AccessScope& scope) const {
  SupervisorFigures figures = services_.figures();
  std::erase_if(figures.sessions,
                [&](const SessionView& view) { return !scope.covers(view.spec.id); });
  std::map<SubscriptionId, DurationHistogram> latencies;
  for (const auto& [session, latency] : figures.latencies) {
    if (scope.covers(session)) latencies.emplace(session, latency);
  }
  figures.latencies = std::move(latencies);
  return {.status = 200,
          .content_type = std::string{kPrometheusContentType},
          .body = prometheus_text(figures)};
}

HttpReply HttpRoutes::readiness(const AccessScope& scope) const {
  json waiting = json::array();
  std::size_t wanted = 0;
  for (const SessionView& view : services_.sessions.list()) {
    if (!view.wanted || may_be_away(view) || !scope.covers(view.spec.id)) continue;
    ++wanted;
    if (counts_as_live(view)) continue;
    waiting.push_back({{"session", view.spec.id.text()},
                       {"state", name_of(view.state)},
                       {"reason", name_of(view.reason)}});
  }
  const bool ready = waiting.empty();
  const std::size_t live = wanted - waiting.size();
  return {
      .status = ready ? 200U : 503U,
      .content_type = "application/json",
      .body = json_text_of(
          {{"ready", ready}, {"wanted", wanted}, {"live", live}, {"notLive", std::move(waiting)}}),
      .allow = {}};
}

}  // namespace bulkhead::supervisor
