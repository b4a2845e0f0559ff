#include "supervisor/control/control_server.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "supervisor/config.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/control/listener.hpp"

namespace bulkhead::supervisor {

struct ControlServer::Parts {
  std::shared_ptr<ControlContext> context;
  Listener listener;
};

ControlServer::ControlServer(boost::asio::io_context& loop, const Config& config,
                             SessionTable& sessions, Registry* registry, Hub& hub,
                             std::shared_ptr<spdlog::logger> log, ProgramServices program,
                             ControlLimits limits) {
  auto context = std::make_shared<ControlContext>(loop, config, sessions, registry, hub,
                                                  std::move(log), std::move(program), limits);
  parts_.reset(new Parts{.context = context, .listener = Listener{context}});
}

ControlServer::~ControlServer() {
  parts_->listener.close();
  parts_->context->connections->abandon_all();
}

Result<void> ControlServer::load_tls() {
  ControlContext& context = *parts_->context;
  const TlsFiles& files = context.services.config.listen.tls;
  if (files.certificate.empty()) return {};
  auto tls = ServerTls::load(files, context.limits.certificate_look, context.log);
  if (!tls) return tls.error();
  context.tls = *std::move(tls);
  return {};
}

Result<void> ControlServer::listen() {
  if (auto loaded = load_tls(); !loaded) return loaded;
  const auto& listen = parts_->context->services.config.listen;
  auto listening = parts_->listener.listen(listen.host, listen.port);
  if (listening) {
    parts_->context->probe.start();
    parts_->context->watch_tokens();
    parts_->context->tidy_histories();
  }
  return listening;
}

Result<void> ControlServer::resume(int descriptor) {
  if (auto loaded = load_tls(); !loaded) return loaded;
  ControlContext& context = *parts_->context;
  auto listening = parts_->listener.resume(descriptor);
  if (!listening) return listening;
  context.probe.start();
  parts_->context->watch_tokens();
  parts_->context->tidy_histories();
  // Their connections ended with the program before: who wants them subscribes in time.
  constexpr std::uint64_t kFormerConnection = 0;
  for (const SessionView& view : context.services.sessions.list()) {
    if (view.spec.lifetime == Lifetime::Connection) {
      context.connection_sessions.own(view.spec.id, kFormerConnection);
    }
  }
  context.connection_sessions.connection_gone(kFormerConnection);
  return {};
}

void ControlServer::pause(std::function<void()> gone) {
  parts_->listener.pause();
  parts_->context->connections->close_all(
      Connections::Farewell::Restarting,
      [&loop = parts_->context->loop, gone = std::move(gone)] { boost::asio::post(loop, gone); });
}

void ControlServer::go_on() { parts_->listener.go_on(); }

int ControlServer::descriptor() { return parts_->listener.descriptor(); }

std::uint16_t ControlServer::port() const noexcept { return parts_->listener.port(); }

void ControlServer::stop_accepting() { parts_->listener.close(); }

void ControlServer::close() {
  stop_accepting();
  parts_->context->probe.stop();
  parts_->context->token_timer.stop();
  parts_->context->services.history->stop_keeping();
  parts_->context->connection_sessions.clear();
  parts_->context->connections->close_all(Connections::Farewell::Stopping);
}

}  // namespace bulkhead::supervisor
