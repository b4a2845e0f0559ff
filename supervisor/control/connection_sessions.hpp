#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "common/ids.hpp"

namespace bulkhead::supervisor {

/// Sessions of `lifetime: connection`: each belongs to the connection that subscribed to it last
/// and is removed a grace time after that connection went, unless somebody subscribed again.
/// Used by the supervisor's loop. One entry a session, so bounded like the session table.
class ConnectionSessions {
 public:
  ConnectionSessions(boost::asio::io_context& loop, std::chrono::milliseconds grace,
                     std::function<void(const SubscriptionId&)> remove);

  void own(const SubscriptionId& id, std::uint64_t connection);

  /// The session was made persistent, or removed by somebody.
  void release(const SubscriptionId& id);

  void connection_gone(std::uint64_t connection);

  /// Forgets all without removing any: the supervisor is stopping.
  void clear() { owned_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return owned_.size(); }

 private:
  struct Owned {
    std::uint64_t connection = 0;
    std::unique_ptr<boost::asio::steady_timer> grace;  // set once the connection is gone
    std::uint64_t wait = 0;                            // names the wait of `grace`
  };

  void start_grace(const SubscriptionId& id, Owned& owned);

  boost::asio::io_context& loop_;
  std::chrono::milliseconds grace_;
  std::function<void(const SubscriptionId&)> remove_;
  std::map<SubscriptionId, Owned> owned_;
  std::uint64_t waits_total_ = 0;
  // A timer that has fired cannot be called back: its handler asks this whether we still live.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace bulkhead::supervisor
