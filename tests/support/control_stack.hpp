#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "supervisor/config.hpp"
#include "supervisor/control/control_context.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/session/session_table.hpp"

namespace bulkhead::testing {

/// The control channel's methods on a real session table without sessions, and no socket.
struct ControlStack {
  ControlStack() = default;
  explicit ControlStack(supervisor::Config given) : config{std::move(given)} {}

  /// Runs the loop until `outcome` has a value: some answers come in a later turn.
  template <class Outcome>
  void run_until(const Outcome& outcome) {
    loop.restart();
    while (!outcome && loop.run_one() > 0) {
    }
  }

  boost::asio::io_context loop;
  supervisor::Config config;
  supervisor::Hub hub;
  supervisor::SessionTable sessions{loop,
                                    [] {
                                      supervisor::SessionEnvironment environment;
                                      environment.worker.executable = "/nonexistent/worker";
                                      return environment;
                                    }(),
                                    hub.events()};
  std::shared_ptr<supervisor::ControlContext> context =
      std::make_shared<supervisor::ControlContext>(loop, config, sessions, nullptr, hub, nullptr,
                                                   supervisor::ProgramServices{},
                                                   supervisor::ControlLimits{});
};

}  // namespace bulkhead::testing
