#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "supervisor/stream/message.hpp"

namespace bulkhead::supervisor {

/// The gaps that a client has not been told yet. Those of one session, generation, class and reason
/// are one, so that their number is bounded by what can be lost and not by how much is. Owned by an
/// Outbox, used by the supervisor's loop.
class UntoldGaps {
 public:
  explicit UntoldGaps(std::size_t most) : most_{most} {}

  /// False: there is no room for one of another kind.
  [[nodiscard]] bool add(const OutboxGap& gap);

  [[nodiscard]] std::vector<OutboxGap> take();

  [[nodiscard]] bool empty() const noexcept { return gaps_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return gaps_.size(); }

 private:
  struct ByKind {
    bool operator()(const OutboxGap& a, const OutboxGap& b) const noexcept;
  };

  std::size_t most_;
  std::set<OutboxGap, ByKind> gaps_;  // a search for each message that a slow client loses
};

}  // namespace bulkhead::supervisor
