#include "supervisor/session/connection_queue.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::supervisor {

namespace {

TokenBucket host_bucket(const ConnectionRates& rates) {
  return {rates.per_host_per_second, limits::kHostBurst};
}

}  // namespace

ConnectionQueue::ConnectionQueue(const ConnectionRates& rates)
    : rates_{rates}, machine_{rates.per_machine_per_second, limits::kMachineBurst} {}

ConnectionQueue::Ticket ConnectionQueue::enter(Request request) {
  const auto behind = std::ranges::find_if(waiting_, [&](const Waiting& waiting) {
    return waiting.request.priority < request.priority;
  });
  waiting_.insert(behind, {++last_ticket_, std::move(request)});
  return last_ticket_;
}

void ConnectionQueue::leave(Ticket ticket) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.ticket == ticket; });
}

std::int64_t ConnectionQueue::ready_ns(const Request& request, std::int64_t now_ns) const {
  const auto host = hosts_.find(request.host);
  const std::int64_t host_ns = host == hosts_.end() ? now_ns : host->second.ready_ns(now_ns);
  return std::max({request.not_before_ns, machine_.ready_ns(now_ns), host_ns});
}

std::optional<ConnectionQueue::Ticket> ConnectionQueue::next(std::int64_t now_ns) const {
  const auto ready = std::ranges::find_if(waiting_, [&](const Waiting& waiting) {
    return ready_ns(waiting.request, now_ns) <= now_ns;
  });
  if (ready == waiting_.end()) return std::nullopt;
  return ready->ticket;
}

std::optional<std::int64_t> ConnectionQueue::next_ns(std::int64_t now_ns) const {
  std::optional<std::int64_t> first;
  for (const Waiting& waiting : waiting_) {
    const std::int64_t ready = ready_ns(waiting.request, now_ns);
    first = std::min(first.value_or(ready), ready);
  }
  return first;
}

void ConnectionQueue::admit(Ticket ticket, std::int64_t now_ns) {
  const auto admitted = std::ranges::find(waiting_, ticket, &Waiting::ticket);
  if (admitted == waiting_.end()) return;
  machine_.take(now_ns);
  std::erase_if(hosts_, [&](const auto& host) { return host.second.is_full(now_ns); });
  hosts_.try_emplace(admitted->request.host, host_bucket(rates_)).first->second.take(now_ns);
  waiting_.erase(admitted);
}

}  // namespace bulkhead::supervisor
