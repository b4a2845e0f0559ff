#include "supervisor/control/connection_sessions.hpp"

#include <utility>

namespace bulkhead::supervisor {

ConnectionSessions::ConnectionSessions(boost::asio::io_context& loop,
                                       std::chrono::milliseconds grace,
                                       std::function<void(const SubscriptionId&)> remove)
    : loop_{loop}, grace_{grace}, remove_{std::move(remove)} {}

void ConnectionSessions::own(const SubscriptionId& id, std::uint64_t connection) {
  owned_[id] = {.connection = connection, .grace = nullptr, .wait = 0};
}

void ConnectionSessions::release(const SubscriptionId& id) { owned_.erase(id); }

void ConnectionSessions::connection_gone(std::uint64_t connection) {
  for (auto& [id, owned] : owned_) {
    if (owned.connection == connection && owned.grace == nullptr) start_grace(id, owned);
  }
}

void ConnectionSessions::start_grace(const SubscriptionId& id, Owned& owned) {
  owned.grace = std::make_unique<boost::asio::steady_timer>(loop_, grace_);
  owned.wait = ++waits_total_;
  // By then the entry may have another owner, and another wait.
  owned.grace->async_wait([this, id, wait = owned.wait,
                           alive = std::weak_ptr{alive_}](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    const auto found = owned_.find(id);
    if (found == owned_.end() || found->second.wait != wait) return;
    owned_.erase(found);
    remove_(id);
  });
}

}  // namespace bulkhead::supervisor
