#pragma once

#include <span>

namespace bulkhead {

/// A place in a picture, each coordinate normally 0 to 1: x to the right, y downwards.
struct Point {
  float x = 0;
  float y = 0;

  bool operator==(const Point&) const = default;
};

/// Greater than 0 where `point` lies to the right of the arrow `from` → `to` as one sees it on the
/// screen, less than 0 to its left, 0 on the straight line through both.
[[nodiscard]] double side_of(const Point& from, const Point& to, const Point& point) noexcept;

/// Whether two segments have a point in common, their ends included.
[[nodiscard]] bool segments_meet(const Point& a, const Point& b, const Point& c,
                                 const Point& d) noexcept;

/// Whether `point` lies in the polygon, whose last corner is joined to its first. Of a border it
/// owns the left and the upper part, not the right and the lower: of two polygons that share an
/// edge, a point on it is in one.
[[nodiscard]] bool contains(std::span<const Point> polygon, const Point& point) noexcept;

/// Whether no two edges meet but neighbours in their corner, and no edge is of length 0.
[[nodiscard]] bool is_simple(std::span<const Point> polygon) noexcept;

}  // namespace bulkhead
