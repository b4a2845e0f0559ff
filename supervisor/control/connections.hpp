#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/access/identity.hpp"
#include "supervisor/metrics/figures.hpp"

namespace bulkhead::supervisor {

/// All open connections, counted against the limit, so that the server can end them. Shared by the
/// server and its connections: a connection may outlive the server by a turn of the loop. Used by
/// the supervisor's loop.
class Connections : public std::enable_shared_from_this<Connections> {
 public:
  /// Why the server ends all connections.
  enum class Farewell {
    Stopping,
    Restarting,  // worth coming back at once
  };

  /// How the server ends a connection.
  struct Ending {
    std::function<void(Farewell)> close;  // says goodbye, within limits::kCloseTime
    std::function<void()> abandon;        // at once, and lets go of the hub
    std::function<void(std::string_view why)> revoke = {};  // its token counts no more
  };

  /// A place among the connections while it lives.
  class Place {
   public:
    Place(std::shared_ptr<Connections> connections, std::uint64_t id) noexcept
        : connections_{std::move(connections)}, id_{id} {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place();

    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    void set_ending(Ending ending);
    void set_token(TokenNumber token);  // that it lives on

   private:
    void leave() noexcept;

    std::shared_ptr<Connections> connections_;
    std::uint64_t id_;
  };

  /// Of `most` the last `for_loopback` are kept for who comes from this machine: whoever fills the
  /// rest from elsewhere, known or not, does not lock the operator out.
  Connections(std::size_t most, std::size_t for_loopback, std::size_t most_refused) noexcept
      : most_{most}, for_loopback_{for_loopback}, most_refused_{most_refused} {}

  /// None when all places are taken that it may have.
  [[nodiscard]] std::optional<Place> admit(bool is_here);
  /// For one that is only told 503; none when too many are being told already.
  [[nodiscard]] std::optional<Place> refuse();

  /// `emptied` is called later, once none is open.
  void close_all(Farewell farewell, std::function<void()> emptied = {});
  void abandon_all();

  /// Ends all that live on this token.
  void end_token(TokenNumber token, std::string_view why);

  /// Connections served, without those being refused.
  [[nodiscard]] std::size_t size() const noexcept { return open_.size() - refused_now_; }

  // Counted by the connections themselves.
  std::uint64_t accepted_total = 0;
  std::uint64_t refused_total = 0;
  std::uint64_t messages_sent_total = 0;
  std::uint64_t bytes_sent_total = 0;
  std::uint64_t writes_total = 0;
  std::uint64_t slow_writes_total = 0;
  std::map<std::string, std::uint64_t> evicted_total;

 private:
  struct Entry {
    Ending ending;
    bool is_refused = false;
    TokenNumber token = 0;
  };

  Place place(bool is_refused);
  void call_if_empty();
  [[nodiscard]] std::vector<Ending> endings() const;

  std::size_t most_;
  std::size_t for_loopback_;
  std::size_t most_refused_;
  std::uint64_t last_id_ = 0;
  std::size_t refused_now_ = 0;
  std::map<std::uint64_t, Entry> open_;
  std::function<void()> emptied_;  // null: nobody waits for it
};

}  // namespace bulkhead::supervisor
