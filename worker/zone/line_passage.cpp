#include "worker/zone/line_passage.hpp"

namespace bulkhead::worker {

Direction LinePassage::update(const Point& from, const Point& to, const Point& now,
                              std::int64_t at_ns, std::int64_t lasting_ns) noexcept {
  const double where = side_of(from, to, now);
  if (where == 0) return Direction::None;
  const int side = where > 0 ? 1 : -1;
  if (!last_) {
    side_ = side;
  } else if (side != seen_side_) {
    is_over_ = is_over_ != segments_meet(from, to, *last_, now);
    differs_since_ns_ = at_ns;
  }
  last_ = now;
  seen_side_ = side;
  if (side == side_) {
    is_over_ = false;
    return Direction::None;
  }
  if (at_ns - differs_since_ns_ < lasting_ns) return Direction::None;
  side_ = side;
  const bool has_passed = is_over_;
  is_over_ = false;
  if (!has_passed) return Direction::None;
  return side > 0 ? Direction::Forward : Direction::Backward;
}

}  // namespace bulkhead::worker
