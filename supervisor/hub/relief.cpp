// What gives way when all streams together hold too much.

#include <algorithm>
#include <queue>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "supervisor/hub/hub.hpp"
#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

void Hub::offer(Stream& stream, OutboxItem item) {
  const bool is_throttled = budget_.pressure() != Pressure::None &&
                            item.priority == ipc::PriorityClass::Bulk &&
                            stream.outbox().messages() > 0;
  if (is_throttled) return stream.refuse(item, GapReason::MemoryBudget);
  stream.offer(std::move(item));
}

HeldByStreams Hub::held() const noexcept {
  HeldByStreams held;
  for (const Entry& entry : streams_) held += *entry.stream;
  return held;
}

void Hub::look_at_load(std::int64_t now_ns) {
  // A look goes through all streams; what comes between two looks is little.
  if (messages_total_ < next_look_) return;
  next_look_ = messages_total_ + limits::kBroadcastLook;
  const Pressure before = budget_.pressure();
  if (budget_.look(held()) != Pressure::None) relieve();
  if (budget_.pressure() != before) tell_pressure(now_ns);
}

void Hub::relieve() {
  // Counted once: going through all streams for each of them would be quadratic.
  HeldByStreams left = held();
  give_up_bulk(left);
  if (budget_.pressure() == Pressure::Shedding) give_up_heaviest(left);
  budget_.look(left);
}

void Hub::give_up_bulk(HeldByStreams& left) {
  std::vector<Stream*> heaviest;
  heaviest.reserve(streams_.size());
  for (const Entry& entry : streams_) heaviest.push_back(entry.stream.get());
  std::ranges::sort(heaviest, std::ranges::greater{}, &Stream::held_bytes);
  for (Stream* stream : heaviest) {
    if (budget_.fill(left) < limits::kPressedUntil) return;
    if (stream->outbox().messages(ipc::PriorityClass::Bulk) == 0) continue;
    left -= *stream;
    stream->give_up(ipc::PriorityClass::Bulk);
    left += *stream;
  }
}

void Hub::give_up_heaviest(HeldByStreams& left) {
  std::priority_queue<std::pair<std::size_t, Stream*>> by_weight;
  for (const Entry& entry : streams_) {
    if (!entry.stream->overflowed())
      by_weight.emplace(entry.stream->held_bytes(), entry.stream.get());
  }
  while (!by_weight.empty() && budget_.fill(left) >= limits::kSheddingUntil) {
    Stream& heaviest = *by_weight.top().second;
    by_weight.pop();
    if (heaviest.outbox().messages(ipc::PriorityClass::Important) > 0) {
      left -= heaviest;
      heaviest.give_up(ipc::PriorityClass::Important);
      left += heaviest;
      // It has another turn where what is left, CRITICAL and CONTROL, is still the most.
      by_weight.emplace(heaviest.held_bytes(), &heaviest);
    } else if (heaviest.held_bytes() > 0 && budget_.fill(left) >= limits::kSheddingFrom) {
      left -= heaviest;
      heaviest.give_up();
      ++streams_ended_total_;
    }
  }
}

void Hub::tell_pressure(std::int64_t now_ns) {
  const OutboxItem item{
      .priority = ipc::PriorityClass::Critical,
      .payload = budget_.message(kSystemAlertMethod, pressure_tail(budget_.pressure(), wall_ns())),
      .session = nullptr,
      .generation = 0,
      .sequence = 0,
      .at_ns = now_ns};
  for (const Entry& entry : streams_) {
    if (entry.stream->filter().alerts) entry.stream->offer(item);
  }
}

}  // namespace bulkhead::supervisor
