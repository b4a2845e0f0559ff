#include "supervisor/session/session_table.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "supervisor/session/refuse.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

namespace {

SessionEnvironment with_spares(SessionEnvironment environment, WarmSpares& spares) {
  environment.spares = &spares;
  return environment;
}

Session::ContextTold context_told(const std::weak_ptr<Session>& session,
                                  std::function<void(Result<SessionTable::ContextSet>)> done) {
  return [session, done = std::move(done)](const SessionContext& context, const Result<>& answer) {
    const auto alive = session.lock();
    done(SessionTable::ContextSet{context, alive ? alive->generation() : 0, answer.has_value()});
  };
}

}  // namespace

SessionTable::SessionTable(boost::asio::io_context& loop, SessionEnvironment environment,
                           SessionEvents events)
    : loop_{loop},
      spares_{loop, environment.worker, environment.warm_spares, environment.limits.spares,
              environment.log},
      environment_{with_spares(std::move(environment), spares_)},
      admission_{loop, environment_.connection_rates},
      events_{std::move(events)},
      start_timer_{loop},
      activation_timer_{loop},
      recycling_timer_{loop} {
  if (environment_.recycling.is_on()) arm_recycling();
}

SessionTable::~SessionTable() = default;

Result<SessionTable::Subscribed> SessionTable::subscribe(SessionSpec spec) {
  constexpr bool kInTurn = false;
  return take_in(std::move(spec), kInTurn);
}

Result<SessionTable::Subscribed> SessionTable::take_in(SessionSpec spec, bool in_turn) {
  const auto subscribed = [](const Session& session, Change change,
                             std::optional<Reconfiguration> how = {}) {
    return Subscribed{change, how, session.state(), session.generation()};
  };
  if (stopping_) return Error{ErrorCode::Unavailable, "the supervisor is stopping", {}};
  const auto known = sessions_.find(spec.id);
  if (known != sessions_.end()) {
    Session& session = *known->second;
    if (session.wanted() && session.spec() == spec) return subscribed(session, Change::Unchanged);
    const bool was_wanted = session.wanted();
    if (!was_wanted) {
      const auto has_place = check_places(wanted_sessions(), sessions_.size() - 1);
      if (!has_place) return has_place.error();
    }
    const auto how = session.reconfigure(std::move(spec), [](const Result<>&) {});
    if (!how) return how.error();
    follow_availability(session);
    if (!was_wanted) return subscribed(session, Change::Added);
    return subscribed(session, Change::Reconfigured, *how);
  }
  if (const auto allowed = check_newcomer(spec.id); !allowed) return allowed.error();
  Session& session = add(std::move(spec));
  if (in_turn) {
    start_in_turn(session.spec().id);
  } else if (may_run(session)) {
    session.start();
  }
  return subscribed(session, Change::Added);
}

Session& SessionTable::add(SessionSpec spec) {
  const SubscriptionId id = spec.id;
  auto session = std::make_shared<Session>(loop_, environment_, admission_, events_,
                                           std::move(spec), [this, id] { erase_ended(id); });
  Session& added = *sessions_.emplace(id, std::move(session)).first->second;
  watch_activation(added);
  return added;
}

std::vector<SubscriptionId> SessionTable::restore(std::vector<SessionSpec> specs) {
  std::vector<SubscriptionId> left_out;
  for (SessionSpec& spec : specs) {
    const SubscriptionId id = spec.id;
    if (!check_newcomer(id)) {
      left_out.push_back(id);
      continue;
    }
    add(std::move(spec));
    start_in_turn(id);
  }
  return left_out;
}

std::vector<CarriedSession> SessionTable::carried() const {
  std::vector<CarriedSession> carried;
  for (const auto& [id, session] : sessions_) {
    if (session->wanted()) carried.push_back(session->carried());
  }
  return carried;
}

Generation SessionTable::last_generation() const {
  Generation last = environment_.last_generation;
  for (const auto& [id, session] : sessions_) {
    if (!session->wanted()) last = std::max(last, session->last_generation());
  }
  return last;
}

bool SessionTable::end_uncarried() {
  auto links = spares_.links();
  for (const auto& [id, session] : sessions_) {
    for (const auto& worker : session->uncarried()) links.push_back(worker->link());
  }
  // All at once: dying takes each its time.
  for (const auto& link : links) link->kill();
  return std::ranges::all_of(links, [](const auto& link) { return link->wait_end(); });
}

void SessionTable::resume(std::vector<CarriedSession> sessions) {
  std::ranges::stable_sort(sessions, std::ranges::greater{},
                           [](const CarriedSession& session) { return session.spec.priority; });
  for (CarriedSession& carried : sessions) {
    Session& session = add(carried.spec);
    session.resume(carried);
    if (session.state() == SessionState::Stopped) {
      start_in_turn(carried.spec.id);
      continue;
    }
    // Whoever wants its results is on the way back.
    constexpr bool kDemanded = true;
    if (session.may_run(kDemanded) && carried.asked) {
      (void)session.reconfigure(std::move(*carried.asked), [](const Result<>&) {});
    }
  }
}

bool SessionTable::may_run(Session& session) {
  watch_activation(session);
  return session.may_run(events_.demanded && events_.demanded(session.spec().id));
}

void SessionTable::follow_availability(Session& session) {
  if (may_run(session) && session.is_resting()) start_in_turn(session.spec().id);
}

void SessionTable::look_at_activation() {
  if (stopping_) return;
  for (const auto& [id, session] : sessions_) {
    if (session->wanted() && session->activation_changes()) follow_availability(*session);
  }
}

void SessionTable::watch_activation(const Session& session) {
  if (session.activation_changes() && !looking_) arm_activation();
}

void SessionTable::arm_activation() {
  looking_ = true;
  activation_timer_.expires_after(environment_.limits.activation.look);
  activation_timer_.async_wait([this, alive = std::weak_ptr{alive_}](const auto& error) {
    if (error || alive.expired()) return;
    looking_ = false;
    look_at_activation();  // arms it again where there is reason to
  });
}

void SessionTable::start_in_turn(const SubscriptionId& id) {
  if (std::ranges::find(to_start_, id) == to_start_.end()) to_start_.push_back(id);
  if (!starting_) start_next();
}

void SessionTable::start_next() {
  starting_ = false;
  // Those that need no start cost the others no time.
  while (!starting_ && !to_start_.empty()) {
    const auto session = find(to_start_.front());
    to_start_.pop_front();
    // An operator may have been faster, and the reason to start it may be gone by now.
    const bool is_due =
        session && ((*session)->state() == SessionState::Stopped || (*session)->is_resting());
    if (!is_due || !may_run(**session)) continue;
    (*session)->start();
    starting_ = true;
  }
  if (!starting_) return;
  start_timer_.expires_after(limits::kRestoreInterval);
  start_timer_.async_wait([this, alive = std::weak_ptr{alive_}](const auto& error) {
    if (!error && !alive.expired() && !stopping_) start_next();
  });
}

void SessionTable::arm_recycling() {
  recycling_timer_.expires_after(environment_.limits.recycling.look);
  recycling_timer_.async_wait([this, alive = std::weak_ptr{alive_}](const auto& error) {
    if (error || alive.expired() || stopping_) return;
    recycle_next();
    arm_recycling();
  });
}

void SessionTable::recycle_next() {
  const std::int64_t now_ns = monotonic_ns();
  const std::chrono::nanoseconds spacing{environment_.limits.recycling.spacing};
  if (recycled_ns_ != 0 && now_ns - recycled_ns_ < spacing.count()) return;
  // Who has waited longest, so that one whose new worker never gets ready does not keep the others
  // from their turn.
  Session* next = nullptr;
  for (const auto& [id, session] : sessions_) {
    if (!session->recycling_due(now_ns)) continue;
    if (next == nullptr || session->recycled_ns() < next->recycled_ns()) next = session.get();
  }
  if (next == nullptr) return;
  recycled_ns_ = now_ns;
  next->recycle(now_ns, *next->recycling_due(now_ns));
}

Result<void> SessionTable::unsubscribe(const SubscriptionId& id) {
  const auto session = find(id);
  if (!session) return session.error();
  (*session)->stop();
  return {};
}

void SessionTable::restart(const SubscriptionId& id, RestartMode mode,
                           std::function<void(Result<Restarted>)> done) {
  const auto session = find(id);
  if (!session) return refuse(loop_, done, session.error());
  if (stopping_) {
    return refuse(loop_, done, {ErrorCode::Unavailable, "the supervisor is stopping", {}});
  }
  (*session)->restart(mode, std::move(done));
}

Result<SessionSpec> SessionTable::asked(const SubscriptionId& id) const {
  const auto session = find(id);
  if (!session) return session.error();
  return (*session)->spec();
}

void SessionTable::reconfigure(SessionSpec spec,
                               const std::function<void(Result<Reconfigured>)>& done) {
  const auto session = find(spec.id);
  if (!session) return refuse(loop_, done, session.error());
  if (stopping_) {
    return refuse(loop_, done, {ErrorCode::Unavailable, "the supervisor is stopping", {}});
  }
  // The answer comes on a later turn of the loop, when it is known what it was asked for.
  const auto how = std::make_shared<Reconfiguration>(Reconfiguration::Hot);
  const auto told = [done, how, weak = std::weak_ptr{*session}](const Result<>& answer) {
    const auto alive = weak.lock();
    done(Reconfigured{*how, alive ? alive->generation() : 0, answer.has_value()});
  };
  const auto decided = (*session)->reconfigure(std::move(spec), told);
  if (!decided) return refuse(loop_, done, decided.error());
  *how = *decided;
  follow_availability(**session);
}

void SessionTable::set_context(const SubscriptionId& id, const std::string& context,
                               const std::function<void(Result<ContextSet>)>& done) {
  const auto session = find(id);
  if (!session) return refuse(loop_, done, session.error());
  (*session)->set_context(context, context_told(*session, done));
}

void SessionTable::set_stage(const SubscriptionId& id, const std::string& stage,
                             const std::function<void(Result<ContextSet>)>& done) {
  const auto session = find(id);
  if (!session) return refuse(loop_, done, session.error());
  const auto set = (*session)->set_stage(stage, context_told(*session, done));
  if (!set) refuse(loop_, done, set.error());
}

void SessionTable::snapshot(const SubscriptionId& id,
                            const std::function<void(Result<std::vector<std::byte>>)>& done) {
  const auto session = find(id);
  if (!session) return refuse(loop_, done, session.error());
  (*session)->snapshot(done);
}

void SessionTable::debug_gst(const SubscriptionId& id, ipc::DebugGst debug,
                             const std::function<void(Result<>)>& done) {
  const auto session = find(id);
  if (!session) return refuse(loop_, done, session.error());
  (*session)->debug_gst(std::move(debug), done);
}

Result<CanaryView> SessionTable::start_canary(const SubscriptionId& id, CanaryRequest request) {
  const auto session = find(id);
  if (!session) return session.error();
  const auto started = (*session)->start_canary(std::move(request));
  if (!started) return started.error();
  return *(*session)->canary();
}

Result<CanaryView> SessionTable::promote_canary(const SubscriptionId& id) {
  const auto session = find(id);
  if (!session) return session.error();
  const auto promoted = (*session)->promote_canary();
  if (!promoted) return promoted.error();
  return *(*session)->canary();
}

Result<> SessionTable::roll_back_canary(const SubscriptionId& id) {
  const auto session = find(id);
  if (!session) return session.error();
  return (*session)->roll_back_canary();
}

std::vector<SessionView> SessionTable::list() const {
  std::vector<SessionView> views;
  for (const auto& [id, session] : sessions_) views.push_back(session->view());
  return views;
}

Result<SessionView> SessionTable::get(const SubscriptionId& id) const {
  const auto known = sessions_.find(id);
  if (known != sessions_.end()) return known->second->view();
  return Error{ErrorCode::NotFound, "there is no session \"" + id.text() + "\"",
               "subscriptionIdentifier"};
}

Result<std::shared_ptr<Session>> SessionTable::find(const SubscriptionId& id) const {
  const auto known = sessions_.find(id);
  // One that only waits for its worker to leave is gone for everyone who asks something of it.
  if (known != sessions_.end() && known->second->wanted()) return known->second;
  return Error{ErrorCode::NotFound, "there is no session \"" + id.text() + "\"",
               "subscriptionIdentifier"};
}

void SessionTable::stop_all(std::function<void()> done) {
  stopping_ = true;
  start_timer_.cancel();
  activation_timer_.cancel();
  spares_.close();
  recycling_timer_.cancel();
  all_stopped_.push_back(std::move(done));
  for (const auto& [id, session] : sessions_) session->stop();
  if (sessions_.empty()) call_all_stopped();
}

void SessionTable::erase_ended(const SubscriptionId& id) {
  // Later: the session is still in the middle of its last event.
  boost::asio::post(loop_, [this, id, alive = std::weak_ptr{alive_}] {
    if (alive.expired()) return;
    const auto known = sessions_.find(id);
    if (known != sessions_.end() && known->second->has_ended()) {
      // Its name may come back, and its results are still kept under its numbers.
      environment_.last_generation =
          std::max(environment_.last_generation, known->second->last_generation());
      sessions_.erase(known);
    }
    if (stopping_ && sessions_.empty()) call_all_stopped();
  });
}

void SessionTable::call_all_stopped() {
  for (auto& done : std::exchange(all_stopped_, {})) boost::asio::post(loop_, std::move(done));
}

}  // namespace bulkhead::supervisor
