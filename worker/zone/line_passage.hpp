#pragma once

#include <cstdint>
#include <optional>

#include "common/event_kind.hpp"
#include "common/plane_geometry.hpp"

namespace bulkhead::worker {

/// One thing and one line: whether it passes from one side to the other between the line's ends.
///
/// It has passed once it has been on the other side for a while without a break and its way there
/// led over the line; who goes around an end changes sides without an event, and who comes back in
/// time has not been there. A point on the line is on the side it came from. A value; time is the
/// caller's.
class LinePassage {
 public:
  /// Where it is now; None: nothing has come of it.
  Direction update(const Point& from, const Point& to, const Point& now, std::int64_t at_ns,
                   std::int64_t lasting_ns) noexcept;

 private:
  std::optional<Point> last_;  // beside the line
  int seen_side_ = 0;          // as of side_of; 0: not known
  int side_ = 0;               // that counts
  bool is_over_ = false;       // the way from there led over the line an odd number of times
  std::int64_t differs_since_ns_ = 0;
};

}  // namespace bulkhead::worker
