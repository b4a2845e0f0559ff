#include "ipc/priority_channel.hpp"

#include <algorithm>
#include <string>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::ipc {

namespace {

std::array<SpscRingConsumer, kPriorityClasses> consumers_of(
    const ShmSegment& segment, const PriorityConsumer::Positions& positions) {
  const auto consumer = [&](PriorityClass priority) {
    return SpscRingConsumer{segment.result_ring(priority), limits::kRecordBytes,
                            positions.at(index_of(priority))};
  };
  return {consumer(PriorityClass::Control), consumer(PriorityClass::Critical),
          consumer(PriorityClass::Important), consumer(PriorityClass::Bulk)};
}

std::array<SpscRingProducer, kPriorityClasses> producers_of(const ShmSegment& segment) {
  const auto producer = [&segment](PriorityClass priority) {
    return SpscRingProducer{segment.result_ring(priority)};
  };
  return {producer(PriorityClass::Control), producer(PriorityClass::Critical),
          producer(PriorityClass::Important), producer(PriorityClass::Bulk)};
}

Error corrupt(PriorityClass priority, const std::string& what) {
  return Error{.code = ErrorCode::Corrupt,
               .message = std::string{name_of(priority)} + " ring: " + what,
               .field = {}};
}

}  // namespace

PriorityProducer::PriorityProducer(const ShmSegment& segment, int doorbell_fd)
    : rings_{producers_of(segment)}, doorbell_{&segment.result_consumer_sleeping(), doorbell_fd} {}

bool PriorityProducer::try_publish(PriorityClass priority, Record& record) {
  number(record);
  return try_republish(priority, record);
}

void PriorityProducer::number(Record& record) noexcept {
  record.sequence = ++sequence_;
  record.publish_ns = monotonic_ns();
}

bool PriorityProducer::try_republish(PriorityClass priority, const Record& record) {
  encode(record, buffer_);
  if (!rings_[index_of(priority)].try_push(buffer_)) return false;
  doorbell_.ring();
  return true;
}

double PriorityProducer::occupancy(PriorityClass priority) const noexcept {
  const SpscRingProducer& ring = rings_[index_of(priority)];
  return static_cast<double>(ring.depth_bytes()) / static_cast<double>(ring.capacity_bytes());
}

PriorityConsumer::PriorityConsumer(const ShmSegment& segment, int doorbell_fd,
                                   const Positions& positions)
    : rings_{consumers_of(segment, positions)},
      doorbell_{&segment.result_consumer_sleeping(), doorbell_fd} {}

PriorityConsumer::Positions PriorityConsumer::positions() const noexcept {
  Positions positions{};
  for (std::size_t i = 0; i < kPriorityClasses; ++i) positions[i] = rings_[i].position();
  return positions;
}

Result<std::optional<PriorityConsumer::Taken>> PriorityConsumer::try_take() {
  for (const PriorityClass priority : kAllPriorityClasses) {
    const PopStatus popped = rings_[index_of(priority)].try_pop(buffer_);
    if (popped == PopStatus::Empty) continue;
    if (popped == PopStatus::Corrupt) {
      return corrupt(priority, "a position or a length that no worker of ours writes.");
    }
    auto record = decode_record(buffer_);
    if (!record) return corrupt(priority, record.error().message);
    return std::optional{Taken{priority, std::move(*record)}};
  }
  return std::optional<Taken>{};
}

bool PriorityConsumer::prepare_sleep() noexcept {
  return doorbell_.prepare_sleep([this] {
    return std::ranges::any_of(rings_, [](const auto& ring) { return !ring.empty(); });
  });
}

}  // namespace bulkhead::ipc
