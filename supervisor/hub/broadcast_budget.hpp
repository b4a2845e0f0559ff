#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "supervisor/stream/flow_control.hpp"
#include "supervisor/stream/message.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// What streams hold beside the messages that they share.
struct HeldByStreams {
  std::size_t places = 0;         // of messages and gaps, in outboxes
  std::size_t leaving_bytes = 0;  // copied for their connections, and not yet with the kernel

  HeldByStreams& operator+=(const Stream& stream) noexcept;
  HeldByStreams& operator-=(const Stream& stream) noexcept;
};

/// What all streams together hold, against what they may: serialised messages, each counted once
/// however many streams share it, by number and by memory, the places that wait for them in the
/// outboxes, and what is on its way to clients. Owned by Hub, used by the supervisor's loop.
class BroadcastBudget {
 public:
  explicit BroadcastBudget(std::size_t memory_bytes) : most_bytes_{memory_bytes} {}

  /// A message that counts for as long as anybody holds it.
  [[nodiscard]] Payload message(std::string_view method, std::string params_tail) const;

  [[nodiscard]] std::size_t memory_bytes(const HeldByStreams& held) const noexcept;
  [[nodiscard]] double fill(const HeldByStreams& held) const noexcept;

  Pressure look(const HeldByStreams& held) noexcept { return gauge_.update(fill(held)); }
  [[nodiscard]] Pressure pressure() const noexcept { return gauge_.level(); }
  [[nodiscard]] const BroadcastLoad& load() const noexcept { return *load_; }

 private:
  std::size_t most_bytes_;
  std::shared_ptr<BroadcastLoad> load_ = std::make_shared<BroadcastLoad>();
  PressureGauge gauge_;
};

}  // namespace bulkhead::supervisor
