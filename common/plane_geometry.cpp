#include "common/plane_geometry.hpp"

#include <algorithm>
#include <cstddef>

namespace bulkhead {

namespace {

int sign(double value) noexcept { return (value > 0 ? 1 : 0) - (value < 0 ? 1 : 0); }

/// Of a point on the straight line through both ends.
bool is_between(const Point& a, const Point& b, const Point& on_line) noexcept {
  return on_line.x >= std::min(a.x, b.x) && on_line.x <= std::max(a.x, b.x) &&
         on_line.y >= std::min(a.y, b.y) && on_line.y <= std::max(a.y, b.y);
}

/// Two edges that share the corner `b`: whether the second runs back over the first.
bool turns_back(const Point& a, const Point& b, const Point& c) noexcept {
  if (side_of(a, b, c) != 0) return false;
  const double along =
      (double{b.x} - a.x) * (double{c.x} - b.x) + (double{b.y} - a.y) * (double{c.y} - b.y);
  return along < 0;
}

}  // namespace

double side_of(const Point& from, const Point& to, const Point& point) noexcept {
  return (double{to.x} - from.x) * (double{point.y} - from.y) -
         (double{to.y} - from.y) * (double{point.x} - from.x);
}

bool segments_meet(const Point& a, const Point& b, const Point& c, const Point& d) noexcept {
  const int c_side = sign(side_of(a, b, c));
  const int d_side = sign(side_of(a, b, d));
  const int a_side = sign(side_of(c, d, a));
  const int b_side = sign(side_of(c, d, b));
  if (c_side * d_side < 0 && a_side * b_side < 0) return true;
  return (c_side == 0 && is_between(a, b, c)) || (d_side == 0 && is_between(a, b, d)) ||
         (a_side == 0 && is_between(c, d, a)) || (b_side == 0 && is_between(c, d, b));
}

bool contains(std::span<const Point> polygon, const Point& point) noexcept {
  // A ray to the right meets the border an odd number of times. An edge has its upper end and not
  // its lower one, so that a corner is met once.
  bool is_inside = false;
  for (std::size_t i = 0, before = polygon.size() - 1; i < polygon.size(); before = i++) {
    const Point& a = polygon[before];
    const Point& b = polygon[i];
    if ((a.y <= point.y) == (b.y <= point.y)) continue;
    const bool goes_down = b.y > a.y;
    const double side = goes_down ? side_of(a, b, point) : side_of(b, a, point);
    // Downwards, what lies to the left of the edge on the screen is to the right of its arrow.
    if (side > 0) is_inside = !is_inside;
  }
  return is_inside;
}

bool is_simple(std::span<const Point> polygon) noexcept {
  const std::size_t count = polygon.size();
  const auto corner = [&](std::size_t i) -> const Point& { return polygon[i % count]; };
  for (std::size_t i = 0; i < count; ++i) {
    if (corner(i) == corner(i + 1)) return false;
    if (turns_back(corner(i), corner(i + 1), corner(i + 2))) return false;
    for (std::size_t k = i + 2; k < count; ++k) {
      const bool are_neighbours = i == 0 && k + 1 == count;
      if (are_neighbours) continue;
      if (segments_meet(corner(i), corner(i + 1), corner(k), corner(k + 1))) return false;
    }
  }
  return true;
}

}  // namespace bulkhead
