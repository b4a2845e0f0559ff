#include "supervisor/control/control_server.hpp"

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
                             std::shared_ptr<spdlog::logger> log, ControlLimits limits) {
  auto context = std::make_shared<ControlContext>(loop, config, sessions, registry, hub,
                                                  std::move(log), limits);
  parts_.reset(new Parts{.context = context, .listener = Listener{context}});
}

ControlServer::~ControlServer() {
  parts_->listener.close();
  parts_->context->connections->abandon_all();
}

Result<void> ControlServer::listen() {
  const auto& listen = parts_->context->services.config.listen;
  auto listening = parts_->listener.listen(listen.host, listen.port);
  if (listening) parts_->context->probe.start();
  return listening;
}

std::uint16_t ControlServer::port() const noexcept { return parts_->listener.port(); }

void ControlServer::stop_accepting() { parts_->listener.close(); }

void ControlServer::close() {
  stop_accepting();
  parts_->context->probe.stop();
  parts_->context->connection_sessions.clear();
  parts_->context->connections->close_all();
}

}  // namespace bulkhead::supervisor
