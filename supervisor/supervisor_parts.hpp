#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/periodic_timer.hpp"
#include "common/result.hpp"
#include "supervisor/access/token_store.hpp"
#include "supervisor/bundle/bundle_store.hpp"
#include "supervisor/config.hpp"
#include "supervisor/control/control_server.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/instance_lock.hpp"
#include "supervisor/model/fetch_queue.hpp"
#include "supervisor/model/model_store.hpp"
#include "supervisor/process/worker_cgroups.hpp"
#include "supervisor/service_notifier.hpp"
#include "supervisor/session/registry.hpp"
#include "supervisor/session/session_table.hpp"
#include "supervisor/session/unknown_generations.hpp"
#include "supervisor/signals.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/upgrade/dry_run.hpp"
#include "supervisor/upgrade/inheritance.hpp"
#include "supervisor/upgrade/next_program.hpp"

namespace bulkhead::supervisor {

/// In the order of dependence: what stands above outlives what stands below. The loop holds
/// completions of connections, which leave the hub when they are destroyed.
struct Supervisor::Parts {
  Parts(Config settings, NextProgram next_program, InstanceLock held,
        std::shared_ptr<spdlog::logger> logger, std::unique_ptr<WorkerCgroups> worker_cgroups,
        SessionEnvironment environment, const Inheritance* inheritance,
        std::shared_ptr<spdlog::logger> audit, ProgramServices program)
      : config{std::move(settings)},
        next{std::move(next_program)},
        lock{std::move(held)},
        log{std::move(logger)},
        cgroups{std::move(worker_cgroups)},
        fetches{loop, fetch_program(environment)},
        models{ModelStore::open(loop, fetches, model_settings(environment), log)},
        bundles{open_bundles(environment)},
        registry{Registry::open(loop, config.state_dir, log)},
        last_generation{begin_generations(inheritance, environment)},
        upgrades_total{program.upgrades_total},
        sessions{loop, with_generations(std::move(environment)), session_events()},
        tokens{TokenStore::open(loop, config.state_dir / kTokenFile)},
        control{loop,
                config,
                sessions,
                registry ? registry->get() : nullptr,
                hub,
                log,
                with_access(std::move(program), std::move(audit))},
        health_timer{loop},
        alive_timer{loop},
        log_timer{loop},
        stop_timer{loop},
        farewell_timer{loop} {}

  /// After an upgrade they go on as if there had been one program.
  Generation begin_generations(const Inheritance* inheritance,
                               const SessionEnvironment& environment) {
    const Generation unknown = past_unknown_generations(environment, wall_ns());
    const Generation reserved = registry ? (*registry)->begin_generations(unknown) : unknown;
    return inheritance != nullptr ? inheritance->last_generation : reserved;
  }

  ProgramServices with_access(ProgramServices program, std::shared_ptr<spdlog::logger> audit) {
    if (tokens) program.tokens = tokens->get();
    if (models) program.models = models->get();
    if (bundles) program.bundles = bundles->get();
    program.audit = std::move(audit);
    return program;
  }

  SessionEnvironment with_generations(SessionEnvironment environment) const {
    environment.last_generation = last_generation;
    environment.models = models ? models->get() : nullptr;
    return environment;
  }

  /// It lies beside the worker's.
  static FetchProgram fetch_program(const SessionEnvironment& environment) {
    const std::filesystem::path worker{environment.worker.executable};
    return {.executable = worker.parent_path() / "bulkhead-model-fetch",
            .uid = environment.worker.uid,
            .gid = environment.worker.gid,
            .cgroups = environment.worker.limits.cgroups};
  }

  ModelStore::Settings model_settings(const SessionEnvironment& environment) const {
    return {.folder = config.state_dir / "models",
            .ca_file = config.models.ca_file,
            .addresses = environment.addresses};
  }

  Result<std::unique_ptr<BundleStore>> open_bundles(const SessionEnvironment& environment) {
    if (!models) return models.error();
    return BundleStore::open(loop, fetches, **models, config.state_dir / "bundles", environment);
  }

  /// What sessions report goes to the hub; what they go on with when other parameters did not
  /// work out, and which generations are used, to the registry.
  SessionEvents session_events() {
    SessionEvents events = hub.events();
    events.generation = [this](Generation generation) {
      if (registry) (*registry)->use_generation(generation);
    };
    events.reverted = [this](const SessionSpec& served) { keep(served); };
    events.promoted = [this](const SessionSpec& promoted) { keep(promoted); };
    return events;
  }

  void keep(const SessionSpec& spec) {
    if (!registry || spec.lifetime != Lifetime::Persistent) return;
    (*registry)->put(spec, [](const Result<>&) {});
  }

  const Config config;
  const NextProgram next;
  InstanceLock lock;
  std::shared_ptr<spdlog::logger> log;
  std::unique_ptr<WorkerCgroups> cgroups;  // null: none can be made here
  Hub hub{std::size_t{config.streams.memory_mb} * 1024 * 1024};
  boost::asio::io_context loop{1};  // one thread: the hint saves locks inside the loop
  FetchQueue fetches;
  Result<std::unique_ptr<ModelStore>> models;
  Result<std::unique_ptr<BundleStore>> bundles;
  Result<std::unique_ptr<Registry>> registry;
  const Generation last_generation;  // of a session that was there before this program
  const std::uint32_t upgrades_total;
  SessionTable sessions;
  Result<std::unique_ptr<TokenStore>> tokens;
  ControlServer control;
  PeriodicTimer health_timer;
  PeriodicTimer alive_timer;
  PeriodicTimer log_timer;
  boost::asio::steady_timer stop_timer;
  boost::asio::steady_timer farewell_timer;
  std::unique_ptr<DryRun> dry_run;  // null: none runs
  bool upgrading = false;
  bool stopping = false;
  const ServiceNotifier service = ServiceNotifier::from_environment();
  std::unique_ptr<Signals> signals;
  std::string health;
  bool stop_overdue = false;
};

}  // namespace bulkhead::supervisor
