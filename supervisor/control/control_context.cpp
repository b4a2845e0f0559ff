#include "supervisor/control/control_context.hpp"

#include <utility>

#include "common/rotating_log.hpp"
#include "supervisor/config.hpp"

namespace bulkhead::supervisor {

ControlContext::ControlContext(boost::asio::io_context& io, const Config& config,
                               SessionTable& sessions, Registry* registry, Hub& the_hub,
                               std::shared_ptr<spdlog::logger> logger, ProgramServices program,
                               ControlLimits bounds)
    : loop{io},
      limits{bounds},
      hub{the_hub},
      log{std::move(logger)},
      connections{std::make_shared<Connections>(bounds.connections, bounds.refused_connections)},
      connection_sessions{
          io, std::chrono::seconds{config.session_processes.process_cleanup_timeout},
          // NotFound is as good: somebody else removed it.
          [&sessions](const SubscriptionId& id) { (void)sessions.unsubscribe(id); }},
      services{.config = config,
               .sessions = sessions,
               .registry = registry,
               .hub = the_hub,
               .connection_sessions = connection_sessions,
               .limits = limits,
               .figures = [this] { return figures(); },
               .program = std::move(program)},
      routes{services, methods},
      probe{io} {
  add_session_methods(methods, services);
  add_stream_methods(methods, services);
  add_system_methods(methods, services);
}

SupervisorFigures ControlContext::figures() const {
  const Hub::Queued queued = hub.queued();
  const auto uptime = std::chrono::steady_clock::now() - started;
  return {.uptime_seconds = std::chrono::duration<double>{uptime}.count(),
          .max_sessions = services.config.session_processes.max_concurrent_sessions,
          .warm_spares = services.sessions.warm_spares(),
          .sessions = services.sessions.list(),
          .latencies = hub.latencies(),
          .events_total = hub.messages_total(),
          .log_lines_lost_total = log_lines_lost_total(),
          .connections = services.sessions.connections(),
          .clients = {.connections = connections->size(),
                      .streams = hub.streams(),
                      .queue_messages = queued.messages,
                      .queue_bytes = queued.bytes,
                      .dropped_total = queued.dropped_total,
                      .messages_sent_total = connections->messages_sent_total,
                      .bytes_sent_total = connections->bytes_sent_total,
                      .connections_accepted_total = connections->accepted_total,
                      .connections_refused_total = connections->refused_total,
                      .evicted_total = connections->evicted_total},
          .loop = probe.figures()};
}

}  // namespace bulkhead::supervisor
