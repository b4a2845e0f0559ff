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

void state(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  const SupervisorFigures figures = services.figures();
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
  table.add("system.state", [services](const Caller&, const json& params, const Reply& reply) {
    state(services, params, reply);
  });
  table.add("system.upgrade", [services](const Caller&, const json& params, const Reply& reply) {
    upgrade(services, params, reply);
  });
  table.add("rpc.discover",
            [](const Caller&, const json& params, const Reply& reply) { discover(params, reply); });
}

}  // namespace bulkhead::supervisor
