#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/session_spec.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/base64.hpp"
#include "supervisor/control/changed_spec.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/session_json.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

const std::string kParams = "params";
const std::string kIdKey = "subscriptionIdentifier";
const std::vector<std::string_view> kRestartModes{"auto", "overlap", "replace"};  // as the enum

std::optional<SubscriptionId> read_id(JsonFields& fields) {
  auto id = SubscriptionId::parse(fields.required_string(kIdKey, limits::kJsonBytes));
  if (id) return std::move(*id);
  fields.fail(kIdKey, id.error().message);
  return std::nullopt;
}

/// For methods that take a session's name and nothing else.
Result<SubscriptionId> only_id(const json& params) {
  JsonFields fields{params, kParams};
  auto id = read_id(fields);
  if (const auto done = fields.finish(); !done) return done.error();
  return *std::move(id);
}

/// Every method that names a session speaks of the same field.
Error at_id(Error error) {
  if (error.field.empty() || error.field == kIdKey) error.field = kParams + "." + kIdKey;
  return error;
}

std::string_view name_of(SessionTable::Change change) {
  switch (change) {
    case SessionTable::Change::Added:
      return "added";
    case SessionTable::Change::Unchanged:
      return "unchanged";
    case SessionTable::Change::Reconfigured:
      return "reconfigured";
  }
  return "";
}

/// What a camera's address and pipeline mean here.
Result<SessionSpec> resolve(const Config& config, Result<SessionSpec> spec) {
  if (!spec) return spec;
  if (spec->url.scheme == "file" && !config.sources.allow_file_urls) {
    return Error{ErrorCode::InvalidParams,
                 "params.rtspUrl: file addresses are switched off; set sources.allow_file_urls",
                 "params.rtspUrl"};
  }
  if (!spec->pipeline) {
    if (spec->pipeline_name.empty()) spec->pipeline_name = config.default_pipeline;
    auto pipeline = config.pipeline(spec->pipeline_name);
    if (!pipeline) {
      Error error = pipeline.error();
      error.field = "params.pipeline";
      return error;
    }
    spec->pipeline = std::move(*pipeline);
  }
  return spec;
}

Result<SessionSpec> read_spec(const Config& config, const Caller& caller, const json& params) {
  auto spec = SessionSpec::from_json(params, kParams);
  if (spec && spec->lifetime == Lifetime::Connection && caller.connection == 0) {
    return Error{ErrorCode::InvalidParams,
                 "params.lifetime: an HTTP request is no lasting connection; use the WebSocket or "
                 "\"persistent\"",
                 "params.lifetime"};
  }
  return resolve(config, std::move(spec));
}

void subscribe(const ControlServices& services, const Caller& caller, const json& params,
               const Reply& reply) {
  auto spec = read_spec(services.config, caller, params);
  if (!spec) return reply(spec.error());
  const SubscriptionId id = spec->id;
  const Lifetime lifetime = spec->lifetime;
  const auto subscribed = services.sessions.subscribe(*spec);
  if (!subscribed) return reply(at_id(subscribed.error()));
  if (lifetime == Lifetime::Connection) {
    services.connection_sessions.own(id, caller.connection);
  } else {
    services.connection_sessions.release(id);
  }
  json answer{{"subscriptionIdentifier", id.text()},
              {"state", name_of(subscribed->state)},
              {"generation", subscribed->generation},
              {"change", name_of(subscribed->change)}};
  if (subscribed->how) answer["how"] = name_of(*subscribed->how);
  if (services.registry == nullptr) return reply(json_text_of(answer));
  if (lifetime == Lifetime::Connection) {
    return services.registry->erase(
        id, [reply, answer](const Result<bool>&) { reply(json_text_of(answer)); });
  }
  services.registry->put(*spec, [reply, answer](const Result<>& kept) mutable {
    answer["kept"] = kept.has_value();
    reply(json_text_of(answer));
  });
}

void reconfigure(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, kParams};
  const auto id = read_id(fields);
  if (!id) return reply(fields.finish().error());
  const auto asked = services.sessions.asked(*id);
  if (!asked) return reply(at_id(asked.error()));
  auto spec = resolve(services.config, changed_spec(*asked, params, kParams));
  if (!spec) return reply(spec.error());
  services.sessions.reconfigure(
      *spec, [services, reply, spec = *spec](const Result<SessionTable::Reconfigured>& done) {
        if (!done) return reply(done.error());
        json answer{{"subscriptionIdentifier", spec.id.text()},
                    {"how", name_of(done->how)},
                    {"generation", done->generation}};
        if (done->how == Reconfiguration::Hot) answer["applied"] = done->applied;
        if (services.registry == nullptr || spec.lifetime == Lifetime::Connection) {
          return reply(json_text_of(answer));
        }
        services.registry->put(spec, [reply, answer](const Result<>& kept) mutable {
          answer["kept"] = kept.has_value();
          reply(json_text_of(answer));
        });
      });
}

void unsubscribe(const ControlServices& services, const json& params, const Reply& reply) {
  const auto id = only_id(params);
  if (!id) return reply(id.error());
  const auto gone = services.sessions.unsubscribe(*id);
  if (!gone && services.registry == nullptr) return reply(at_id(gone.error()));
  services.connection_sessions.release(*id);
  const json answer{{"subscriptionIdentifier", id->text()}};
  if (services.registry == nullptr) return reply(json_text_of(answer));
  // Also where no such session runs: one that could not be brought back is only on disk.
  services.registry->erase(*id, [reply, answer, gone](const Result<bool>& erased) {
    if (!erased) return reply(erased.error());
    if (!gone && !*erased) return reply(at_id(gone.error()));
    reply(json_text_of(answer));
  });
}

void list(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, kParams}.finish(); !done) return reply(done.error());
  json sessions = json::array();
  for (const SessionView& view : services.sessions.list()) {
    sessions.push_back(session_json(view, SessionDetail::Brief));
  }
  reply(json_text_of(json{{"sessions", std::move(sessions)}}));
}

void get(const ControlServices& services, const json& params, const Reply& reply) {
  const auto id = only_id(params);
  if (!id) return reply(id.error());
  const auto view = services.sessions.get(*id);
  if (!view) return reply(at_id(view.error()));
  reply(json_text_of(session_json(*view, SessionDetail::Full)));
}

void restart(const ControlServices& services, const json& params, Reply reply) {
  JsonFields fields{params, kParams};
  const auto id = read_id(fields);
  const std::size_t mode = fields.one_of("mode", kRestartModes, 0);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  const auto answer = [reply = std::move(reply)](Result<SessionTable::Restarted> done) {
    if (!done) return reply(at_id(done.error()));
    reply(json_text_of(json{{"mode", name_of(done->mode)},
                            {"generation", done->generation},
                            {"gapMs", done->gap_ms},
                            {"lostFrames", done->lost_frames},
                            {"duplicateFrames", done->duplicate_frames}}));
  };
  services.sessions.restart(*id, static_cast<RestartMode>(mode), answer);
}

void snapshot(const ControlServices& services, const json& params, Reply reply) {
  const auto id = only_id(params);
  if (!id) return reply(id.error());
  services.sessions.snapshot(
      *id, [reply = std::move(reply)](const Result<std::vector<std::byte>>& jpeg) {
        if (!jpeg) return reply(at_id(jpeg.error()));
        reply(json_text_of(
            json{{"contentType", "image/jpeg"}, {"encoding", "base64"}, {"data", base64(*jpeg)}}));
      });
}

}  // namespace

void add_session_methods(MethodTable& table, const ControlServices& services) {
  table.add("session.subscribe",
            [services](const Caller& caller, const json& params, const Reply& reply) {
              subscribe(services, caller, params, reply);
            });
  table.add("session.unsubscribe",
            [services](const Caller&, const json& params, const Reply& reply) {
              unsubscribe(services, params, reply);
            });
  table.add("session.reconfigure",
            [services](const Caller&, const json& params, const Reply& reply) {
              reconfigure(services, params, reply);
            });
  table.add("session.list", [services](const Caller&, const json& params, const Reply& reply) {
    list(services, params, reply);
  });
  table.add("session.get", [services](const Caller&, const json& params, const Reply& reply) {
    get(services, params, reply);
  });
  table.add("session.restart", [services](const Caller&, const json& params, Reply reply) {
    restart(services, params, std::move(reply));
  });
  table.add("session.snapshot", [services](const Caller&, const json& params, Reply reply) {
    snapshot(services, params, std::move(reply));
  });
}

}  // namespace bulkhead::supervisor
