// How the supervisor becomes the program that is installed in its place.

#include <spdlog/logger.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "common/rotating_log.hpp"
#include "supervisor/supervisor_parts.hpp"
#include "supervisor/transport/server_tls.hpp"
#include "supervisor/upgrade/upgrade_limits.hpp"

namespace bulkhead::supervisor {

std::string fixed_settings(const Config& config) {
  return config.listen.host + ' ' + std::to_string(config.listen.port) + ' ' +
         config.state_dir.string();
}

ProgramServices Supervisor::services(const Inheritance* inherited) {
  return {.upgrades_total = inherited != nullptr ? inherited->upgrades_total : 0,
          .upgrade = [this](const auto& done) { upgrade(done); }};
}

void Supervisor::resume_sessions(const Inheritance& inherited) {
  if (const auto resumed = parts_->hub.resume(inherited.history); !resumed) {
    parts_->log->error("clients cannot resume: {}", log_value(resumed.error().message));
  }
  // Only what it says of damage is of interest: the sessions came along.
  for (const std::string& problem : (*parts_->registry)->load().problems) {
    parts_->log->error("{}", log_value(problem));
  }
  parts_->sessions.resume(inherited.sessions);
}

Inheritance Supervisor::inheritance() const {
  return {.listener_fd = parts_->control.descriptor(),
          .lock_fd = parts_->lock.descriptor(),
          .last_generation = parts_->sessions.last_generation(),
          .upgrades_total = parts_->upgrades_total + 1,
          .fixed = fixed_settings(parts_->config),
          .cgroups = parts_->cgroups ? std::optional{parts_->cgroups->state()} : std::nullopt,
          .sessions = parts_->sessions.carried()};
}

void Supervisor::upgrade(const std::function<void(Result<UpgradeAccepted>)>& done) {
  if (parts_->upgrading || parts_->stopping) {
    return done(
        Error{ErrorCode::Unavailable,
              parts_->stopping ? "the supervisor is stopping" : "an upgrade is under way already",
              {}});
  }
  const Inheritance trial = inheritance();
  const auto memory = bequeath(trial);
  if (!memory) return done(memory.error());
  auto run = DryRun::start(
      parts_->loop, parts_->next, memory->get(),
      [this, done, workers = trial.workers()](const Result<std::string>& version) {
        parts_->dry_run.reset();
        if (parts_->stopping) {
          return done(Error{ErrorCode::Unavailable, "the supervisor is stopping", {}});
        }
        if (!version) {
          stay(version.error());
          return done(version.error());
        }
        parts_->log->info("upgrading version={} workers={}", *version, workers);
        done(UpgradeAccepted{.version = *version, .workers = workers});
        leave();
      });
  if (!run) return done(run.error());
  parts_->dry_run = std::move(*run);
  parts_->upgrading = true;
}

/// Sends the clients away, so that none is cut off in the middle of a message; they find the next
/// program at the same address.
void Supervisor::leave() {
  if (parts_->stopping) return;
  const auto gone = std::make_shared<bool>(false);
  const auto go = [this, gone] {
    if (std::exchange(*gone, true)) return;
    // Asked to stop in this very turn, it shall be heard before: the loop looks once more.
    block_stop_signals();
    parts_->farewell_timer.expires_after(std::chrono::seconds{0});
    parts_->farewell_timer.async_wait([this](const boost::system::error_code& failure) {
      if (!failure) become_next();
    });
  };
  parts_->control.pause(go);
  parts_->farewell_timer.expires_after(kFarewellTime);
  parts_->farewell_timer.async_wait([go](const boost::system::error_code& failure) {
    if (!failure) go();
  });
}

void Supervisor::become_next() {
  if (parts_->stopping) return unblock_stop_signals();
  // Files that are being renewed just now: the next program could not start with one half of them.
  if (const TlsFiles& files = parts_->config.listen.tls; !files.certificate.empty()) {
    if (const auto tls = make_tls_context(files); !tls) return stay(tls.error());
  }
  if (!(*parts_->registry)->flush(kRegistryFlushTime)) {
    return stay({ErrorCode::Timeout, "the disk does not take the registry's last changes", {}});
  }
  parts_->fetches.cancel_all();
  if (!(*parts_->bundles)->end_trials() || !parts_->sessions.end_uncarried()) {
    return stay({ErrorCode::Timeout, "a worker that cannot be left behind does not die", {}});
  }
  Inheritance left = inheritance();
  std::set<SubscriptionId> ids;
  for (const CarriedSession& session : left.sessions) ids.insert(session.spec.id);
  left.history = parts_->hub.carried(ids);
  const auto memory = bequeath(left);
  if (!memory) return stay(memory.error());
  stay(become(parts_->next, left, memory->get()));
}

/// Goes on as before. Workers that were ended for the upgrade are missed and replaced by the usual
/// rules.
void Supervisor::stay(const Error& why) {
  parts_->log->error("the upgrade failed, this program goes on: {}", log_value(why.message));
  parts_->upgrading = false;
  unblock_stop_signals();
  parts_->control.go_on();
}

}  // namespace bulkhead::supervisor
