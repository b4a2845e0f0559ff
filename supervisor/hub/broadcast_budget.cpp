#include "supervisor/hub/broadcast_budget.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

HeldByStreams& HeldByStreams::operator+=(const Stream& stream) noexcept {
  places += stream.outbox().messages() + stream.outbox().untold_gaps();
  leaving_bytes += stream.taken_bytes();
  return *this;
}

HeldByStreams& HeldByStreams::operator-=(const Stream& stream) noexcept {
  places -= stream.outbox().messages() + stream.outbox().untold_gaps();
  leaving_bytes -= stream.taken_bytes();
  return *this;
}

Payload BroadcastBudget::message(std::string_view method, std::string params_tail) const {
  const std::size_t bytes = sizeof(Message) + params_tail.capacity();
  return std::make_shared<const Message>(Message{
      .method = method, .params_tail = std::move(params_tail), .share = LoadShare{load_, bytes}});
}

std::size_t BroadcastBudget::memory_bytes(const HeldByStreams& held) const noexcept {
  return load_->bytes + held.places * sizeof(OutboxItem) + held.leaving_bytes;
}

double BroadcastBudget::fill(const HeldByStreams& held) const noexcept {
  const auto memory = static_cast<double>(memory_bytes(held));
  const auto messages = static_cast<double>(load_->messages);
  return std::max(memory / static_cast<double>(most_bytes_),
                  messages / static_cast<double>(limits::kBroadcastMessages));
}

}  // namespace bulkhead::supervisor
