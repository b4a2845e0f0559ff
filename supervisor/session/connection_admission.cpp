#include "supervisor/session/connection_admission.hpp"

#include <chrono>
#include <utility>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

struct ConnectionAdmission::State {
  explicit State(const ConnectionRates& rates) : queue{rates} {}

  void admit(ConnectionQueue::Ticket ticket, std::int64_t now_ns) {
    queue.admit(ticket, now_ns);
    ++admitted_total;
  }

  ConnectionQueue queue;
  std::map<ConnectionQueue::Ticket, std::function<void()>> admitted;
  std::uint64_t admitted_total = 0;
  std::uint64_t delayed_total = 0;
};

ConnectionAdmission::Place::Place(std::weak_ptr<State> state,
                                  ConnectionQueue::Ticket ticket) noexcept
    : state_{std::move(state)}, ticket_{ticket} {}

ConnectionAdmission::Place::~Place() {
  const auto state = state_.lock();
  if (!state) return;
  state->queue.leave(ticket_);
  state->admitted.erase(ticket_);
}

ConnectionAdmission::ConnectionAdmission(boost::asio::io_context& loop,
                                         const ConnectionRates& rates)
    : state_{std::make_shared<State>(rates)}, timer_{loop} {}

std::unique_ptr<ConnectionAdmission::Place> ConnectionAdmission::ask(
    ConnectionQueue::Request request, std::function<void()> admitted) {
  const std::int64_t now_ns = monotonic_ns();
  const auto ticket = state_->queue.enter(std::move(request));
  if (state_->queue.next(now_ns) == ticket) {
    state_->admit(ticket, now_ns);
    return nullptr;
  }
  ++state_->delayed_total;
  state_->admitted.emplace(ticket, std::move(admitted));
  auto place = std::make_unique<Place>(state_, ticket);
  arm();
  return place;
}

ConnectionAdmission::Figures ConnectionAdmission::figures() const {
  return {.waiting = state_->queue.waiting(),
          .machine_tokens = state_->queue.machine_tokens(monotonic_ns()),
          .admitted_total = state_->admitted_total,
          .delayed_total = state_->delayed_total};
}

void ConnectionAdmission::admit_ready() {
  const std::int64_t now_ns = monotonic_ns();
  while (const auto ticket = state_->queue.next(now_ns)) {
    state_->admit(*ticket, now_ns);
    // Out of the map first: who is called gives up the place.
    const auto waiting = state_->admitted.extract(*ticket);
    waiting.mapped()();
  }
  arm();
}

void ConnectionAdmission::arm() {
  const std::int64_t now_ns = monotonic_ns();
  const auto next_ns = state_->queue.next_ns(now_ns);
  if (!next_ns) return;
  timer_.expires_after(std::chrono::nanoseconds{*next_ns - now_ns});
  timer_.async_wait([this, alive = std::weak_ptr{state_}](const auto& error) {
    if (!error && !alive.expired()) admit_ready();
  });
}

}  // namespace bulkhead::supervisor
