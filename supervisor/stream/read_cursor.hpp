#pragma once

#include <map>

#include "common/ids.hpp"
#include "supervisor/stream/message.hpp"

namespace bulkhead::supervisor {

/// A result that a client has seen last, or the first or last of some that it has not. Of alerts,
/// which have a series of their own, likewise.
struct ResultPosition {
  Generation generation = 0;
  Sequence sequence = 0;

  auto operator<=>(const ResultPosition&) const = default;
};

/// What a client has of one session.
struct ResumePoint {
  ResultPosition result{};
  ResultPosition alert{};

  bool operator==(const ResumePoint&) const = default;
};

/// What the client of one stream has of each session that the hub knows: a client that resumes from
/// here gets all that came after, and nothing twice. A session of which it was told nothing has the
/// position at which the stream began. The hub says which sessions there are, so there are no more
/// positions than sessions. Owned by Stream, used by the supervisor's loop.
class ReadCursor {
 public:
  using Positions = std::map<ByName::Name, ResumePoint, ByName>;

  void begin(const ByName::Name& session, const ResumePoint& point) {
    positions_.insert_or_assign(session, point);
  }
  void forget(const ByName::Name& session) { positions_.erase(session); }
  void advance(const OutboxItem& taken);

  [[nodiscard]] const Positions& positions() const noexcept { return positions_; }

 private:
  Positions positions_;
};

}  // namespace bulkhead::supervisor
