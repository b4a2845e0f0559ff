#include "supervisor/control/control_context.hpp"
#include "common/sink_limits.hpp"

#include <utility>

#include "common/rotating_log.hpp"
#include "supervisor/config.hpp"

namespace bulkhead::supervisor {

namespace {

ControlLimits with(ControlLimits limits, const Config::Streams& streams) {
  limits.outbox.adapts = streams.adaptive_capacity;
  return limits;
}

std::optional<FlushPacer::Pause> pinned_pause(const Config::Streams& streams) {
  if (streams.flush_pause_ms < 0) return std::nullopt;
  return std::chrono::milliseconds{streams.flush_pause_ms};
}

}  // namespace

ControlContext::ControlContext(boost::asio::io_context& io, const Config& config,
                               SessionTable& sessions, Registry* registry, Hub& the_hub,
                               std::shared_ptr<spdlog::logger> logger, ProgramServices program,
                               ControlLimits bounds)
    : loop{io},
      limits{with(bounds, config.streams)},
      hub{the_hub},
      log{std::move(logger)},
      connections{std::make_shared<Connections>(bounds.connections, bounds.loopback_connections,
                                                bounds.refused_connections)},
      connection_sessions{
          io, std::chrono::seconds{config.session_processes.process_cleanup_timeout},
          // NotFound is as good: somebody else removed it.
          [&sessions](const SubscriptionId& id) { (void)sessions.unsubscribe(id); }},
      audit{program.audit},
      authenticator{
          {.loopback_needs_token = config.access.loopback == "token"}, program.tokens, audit},
      services{.config = config,
               .sessions = sessions,
               .registry = registry,
               .hub = the_hub,
               .connection_sessions = connection_sessions,
               .logs = std::make_shared<LogFolder>(io, config.state_dir / "logs"),
               .history = std::make_shared<HistoryFolder>(io, config.state_dir / "history", log),
               .limits = limits,
               .authenticator = authenticator,
               .figures = [this] { return figures(); },
               .program = std::move(program)},
      methods{[this](const Identity& who, std::string_view method, std::string_view target,
                     ErrorCode outcome) { audit.change(who, method, target, outcome); }},
      routes{services, methods},
      probe{io},
      pacer{io, pinned_pause(config.streams)},
      handshakes{bounds.handshakes_per_second, bulkhead::limits::kHandshakesBurst},
      token_timer{io} {
  if (services.program.tokens != nullptr) {
    services.program.tokens->set_on_ended([open = connections](TokenNumber token) {
      open->end_token(token, "the token was revoked");
    });
  }
  add_access_methods(methods, services);
  add_session_methods(methods, services);
  add_list_methods(methods, services);
  add_history_methods(methods, services);
  add_log_methods(methods, services);
  add_canary_methods(methods, services);
  add_model_methods(methods, services);
  add_bundle_methods(methods, services);
  add_stream_methods(methods, services);
  add_system_methods(methods, services);
}

void ControlContext::watch_tokens() {
  if (services.program.tokens == nullptr) return;
  token_timer.start(bulkhead::limits::kTokenLook, [this] {
    for (const TokenNumber token : services.program.tokens->expired()) {
      connections->end_token(token, "the token has expired");
    }
  });
}

void ControlContext::tidy_histories() {
  services.history->keep_for(bulkhead::limits::kHistoryFileAge);
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
          .scene_events_total = hub.scene_events_total(),
          .log_lines_lost_total = log_lines_lost_total(),
          .connections = services.sessions.connections(),
          .clients = {.connections = connections->size(),
                      .streams = hub.streams(),
                      .queue_messages = queued.messages,
                      .queue_bytes = queued.bytes,
                      .dropped_total = queued.dropped_total,
                      .streams_by_status = queued.streams_by_status,
                      .memory_bytes = queued.memory_bytes,
                      .shared_messages = queued.load.messages,
                      .pressure = queued.pressure,
                      .streams_ended_total = queued.streams_ended_total,
                      .writes_total = connections->writes_total,
                      .slow_writes_total = connections->slow_writes_total,
                      .flush_pause_seconds = std::chrono::duration<double>{pacer.pause()}.count(),
                      .messages_sent_total = connections->messages_sent_total,
                      .bytes_sent_total = connections->bytes_sent_total,
                      .connections_accepted_total = connections->accepted_total,
                      .connections_refused_total = connections->refused_total,
                      .evicted_total = connections->evicted_total},
          .loop = probe.figures()};
}

}  // namespace bulkhead::supervisor
