#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "supervisor/session/connection_queue.hpp"

namespace bulkhead::supervisor {

/// The queue of ConnectionQueue on the event loop: who may not connect at once is called back when
/// its turn has come. Costs nothing while nobody waits.
///
/// Owned by SessionTable, one for all sessions; used by the loop's thread.
class ConnectionAdmission {
  struct State;

 public:
  /// A place in the queue; who destroys it has given it up and is not called.
  class Place {
   public:
    Place(std::weak_ptr<State> state, ConnectionQueue::Ticket ticket) noexcept;
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    const std::weak_ptr<State> state_;  // gone: the sessions end with it
    const ConnectionQueue::Ticket ticket_;
  };

  struct Figures {
    std::size_t waiting = 0;
    std::int64_t machine_tokens = 0;
    std::uint64_t admitted_total = 0;
    std::uint64_t delayed_total = 0;  // of these, who had to wait
  };

  ConnectionAdmission(boost::asio::io_context& loop, const ConnectionRates& rates);

  /// Null: the connection may begin at once. Otherwise `admitted` is called later, on the loop, and
  /// may destroy the place.
  [[nodiscard]] std::unique_ptr<Place> ask(ConnectionQueue::Request request,
                                           std::function<void()> admitted);

  [[nodiscard]] Figures figures() const;

 private:
  void admit_ready();
  void arm();

  std::shared_ptr<State> state_;
  boost::asio::steady_timer timer_;
};

}  // namespace bulkhead::supervisor
