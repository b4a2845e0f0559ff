#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/embedded.hpp"
#include "supervisor/control/json_rpc.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

json limits_json(const ControlLimits& limits) {
  return {{"connections", limits.connections},
          {"messageBytes", limits.message_bytes},
          {"jsonDepth", limits::kJsonDepth},
          {"streamsPerConnection", limits.streams_per_connection},
          {"requestsPerConnection", limits.requests_per_connection},
          {"outboxMessages", limits.outbox.messages},
          {"outboxControlMessages", limits.outbox.control_messages},
          {"outboxBytes", limits.outbox.bytes},
          {"handshakeMs", limits.handshake_time.count()},
          {"writeMs", limits.write_time.count()},
          {"idleMs", limits.idle_time.count()}};
}

json broadcast_json(const ClientFigures& clients) {
  json by_status = json::object();
  for (std::size_t i = 0; i < kStreamStatuses; ++i) {
    by_status[std::string{name_of(static_cast<StreamStatus>(i))}] = clients.streams_by_status[i];
  }
  return {{"streamsByStatus", std::move(by_status)},
          {"queuedMessages", clients.queue_messages},
          {"queuedBytes", clients.queue_bytes},
          {"sharedMessages", clients.shared_messages},
          {"memoryBytes", clients.memory_bytes},
          {"pressure", name_of(clients.pressure)},
          {"sentMessagesTotal", clients.messages_sent_total},
          {"slowWritesTotal", clients.slow_writes_total},
          {"flushPauseMs", clients.flush_pause_seconds * 1e3}};
}

void state(const ControlServices& services, const Caller& caller, const json& params,
           const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  SupervisorFigures figures = services.figures();
  std::erase_if(figures.sessions, [&](const SessionView& view) {
    return !caller.identity->scope.covers(view.spec.id);
  });
  const auto live =
      std::count_if(figures.sessions.begin(), figures.sessions.end(),
                    [](const SessionView& view) { return view.state == SessionState::Live; });
  reply(json_text_of(
      json{{"version", BULKHEAD_VERSION},
           {"host", host_name()},
           {"uptimeS", figures.uptime_seconds},
           {"upgrades", services.program.upgrades_total},
           {"sessions",
            {{"total", figures.sessions.size()}, {"live", live}, {"max", figures.max_sessions}}},
           {"warmSpares", figures.warm_spares},
           {"connections", figures.clients.connections},
           {"streams", figures.clients.streams},
           {"broadcast", broadcast_json(figures.clients)},
           {"loop", {{"maxStallMs", figures.loop.longest_stall_seconds * 1e3}}},
           {"limits", limits_json(services.limits)}}));
}

void upgrade(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  if (!services.program.upgrade) {
    return reply(Error{ErrorCode::Unavailable, "this program cannot be replaced", {}});
  }
  services.program.upgrade([reply](const Result<UpgradeAccepted>& accepted) {
    if (!accepted) return reply(accepted.error());
    reply(json_text_of(json{{"version", accepted->version}, {"workers", accepted->workers}}));
  });
}

void discover(const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  reply(std::string{kOpenRpcText});
}

}  // namespace

void add_system_methods(MethodTable& table, const ControlServices& services) {
  table.add("system.state", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              state(services, caller, params, reply);
            });
  table.add("system.upgrade", {Role::Admin, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              upgrade(services, params, reply);
            });
  table.add("rpc.discover", {Role::Viewer, Effect::Reads},
            [](const Caller&, const json& params, const Reply& reply) { discover(params, reply); });
}

}  // namespace bulkhead::supervisor
