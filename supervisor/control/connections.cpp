#include "supervisor/control/connections.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::supervisor {

Connections::Place& Connections::Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    leave();
    connections_ = std::move(other.connections_);
    id_ = other.id_;
  }
  return *this;
}

Connections::Place::~Place() { leave(); }

void Connections::Place::leave() noexcept {
  if (connections_ == nullptr) return;  // moved from
  const auto found = connections_->open_.find(id_);
  connections_->refused_now_ -= found->second.is_refused ? 1 : 0;
  connections_->open_.erase(found);
  connections_->call_if_empty();
}

void Connections::Place::set_ending(Ending ending) {
  connections_->open_[id_].ending = std::move(ending);
}

void Connections::Place::set_token(TokenNumber token) { connections_->open_[id_].token = token; }

std::optional<Connections::Place> Connections::admit(bool is_here) {
  const std::size_t kept = is_here ? 0 : std::min(for_loopback_, most_);
  if (size() >= most_ - kept) return std::nullopt;
  ++accepted_total;
  return place(false);
}

std::optional<Connections::Place> Connections::refuse() {
  ++refused_total;
  if (refused_now_ >= most_refused_) return std::nullopt;
  return place(true);
}

Connections::Place Connections::place(bool is_refused) {
  const std::uint64_t id = ++last_id_;
  open_[id].is_refused = is_refused;
  refused_now_ += is_refused ? 1 : 0;
  return {shared_from_this(), id};
}

// An ending may destroy its connection and with it its entry, so the list is copied first.
std::vector<Connections::Ending> Connections::endings() const {
  std::vector<Ending> endings;
  for (const auto& [id, entry] : open_) {
    if (entry.ending.close != nullptr) endings.push_back(entry.ending);
  }
  return endings;
}

void Connections::close_all(Farewell farewell, std::function<void()> emptied) {
  emptied_ = std::move(emptied);
  for (const Ending& ending : endings()) ending.close(farewell);
  call_if_empty();
}

void Connections::call_if_empty() {
  if (open_.empty() && emptied_) std::exchange(emptied_, nullptr)();
}

void Connections::end_token(TokenNumber token, std::string_view why) {
  std::vector<Ending> concerned;
  for (const auto& [id, entry] : open_) {
    if (entry.token == token && token != 0 && entry.ending.revoke) {
      concerned.push_back(entry.ending);
    }
  }
  for (const Ending& ending : concerned) ending.revoke(why);
}

void Connections::abandon_all() {
  for (const Ending& ending : endings()) ending.abandon();
}

}  // namespace bulkhead::supervisor
