#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/session_spec.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/base64.hpp"
#include "supervisor/control/changed_spec.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/session_json.hpp"
#include "supervisor/control/subscription.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

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
Error at_id(Error error) { return at_path(std::move(error), kParams); }

void subscribe(const ControlServices& services, const Caller& caller, const json& params,
               const Reply& reply) {
  auto spec = read_subscription(services, caller, params, kParams);
  if (!spec) return reply(spec.error());
  const auto subscribed = services.sessions.subscribe(*spec);
  if (!subscribed) return reply(at_id(subscribed.error()));
  settle_subscription(services, caller, *spec, subscription_json(spec->id, *subscribed),
                      [reply](const json& answer) { reply(json_text_of(answer)); });
}

void reconfigure(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, kParams};
  const auto id = read_id(fields);
  if (!id) return reply(fields.finish().error());
  const auto asked = services.sessions.asked(*id);
  if (!asked) return reply(at_id(asked.error()));
  auto spec = resolve_subscription(services, changed_spec(*asked, params, kParams), kParams);
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

/// Has to be there, for whoever leaves it out by mistake would take something away; null does.
std::string read_nullable(JsonFields& fields, const json& params, const char* key,
                          std::size_t max_bytes) {
  if (!params.is_object() || !params.contains(key)) {
    fields.fail(key, "is missing; give a text, or null to take it away");
  }
  if (fields.member(key) == nullptr) return {};
  std::string text = fields.required_string(key, max_bytes);
  if (!is_printable(text)) fields.fail(key, "holds a character that cannot be shown; leave it out");
  return text;
}

json nullable(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

/// `session.setContext` and `session.progress`: one text, of the one or the other limit.
using SetContextText =
    void (SessionTable::*)(const SubscriptionId&, const std::string&,
                           const std::function<void(Result<SessionTable::ContextSet>)>&);

void set_context_text(const ControlServices& services, const json& params, const char* key,
                      std::size_t max_bytes, SetContextText set, const Reply& reply) {
  JsonFields fields{params, kParams};
  const auto id = read_id(fields);
  const std::string text = read_nullable(fields, params, key, max_bytes);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  (services.sessions.*set)(*id, text,
                           [reply, id = *id](const Result<SessionTable::ContextSet>& done) {
                             if (!done) return reply(at_id(done.error()));
                             reply(json_text_of(json{{kIdKey, id.text()},
                                                     {"context", nullable(done->context.id)},
                                                     {"stage", nullable(done->context.stage)},
                                                     {"generation", done->generation},
                                                     {"applied", done->applied}}));
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

void list(const ControlServices& services, const Caller& caller, const json& params,
          const Reply& reply) {
  if (const auto done = JsonFields{params, kParams}.finish(); !done) return reply(done.error());
  json sessions = json::array();
  for (const SessionView& view : services.sessions.list()) {
    if (!caller.identity->scope.covers(view.spec.id)) continue;
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
  table.add("session.subscribe", {Role::Operator, Effect::Changes, Outside::Denied},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              subscribe(services, caller, params, reply);
            });
  table.add("session.unsubscribe", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              unsubscribe(services, params, reply);
            });
  table.add("session.reconfigure", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              reconfigure(services, params, reply);
            });
  table.add("session.setContext", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              set_context_text(services, params, "context", limits::kContextBytes,
                               &SessionTable::set_context, reply);
            });
  table.add("session.progress", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              set_context_text(services, params, "stage", limits::kContextStageBytes,
                               &SessionTable::set_stage, reply);
            });
  table.add("session.list", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              list(services, caller, params, reply);
            });
  table.add("session.get", {Role::Viewer, Effect::Reads},
            [services](const Caller&, const json& params, const Reply& reply) {
              get(services, params, reply);
            });
  table.add("session.restart", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, Reply reply) {
              restart(services, params, std::move(reply));
            });
  table.add("session.snapshot", {Role::Viewer, Effect::Reads},
            [services](const Caller&, const json& params, Reply reply) {
              snapshot(services, params, std::move(reply));
            });
}

}  // namespace bulkhead::supervisor
