#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/plane_geometry.hpp"
#include "common/result.hpp"

namespace bulkhead {

/// A polygon has an inside with so many corners.
inline constexpr std::size_t kLeastCorners = 3;

/// Reads a list of `least` to `most` points [x, y], each coordinate 0 to 1. InvalidParams names
/// the first point at fault by its place in `path`.
[[nodiscard]] Result<std::vector<Point>> read_points(const nlohmann::json& list,
                                                     const std::string& path, std::size_t least,
                                                     std::size_t most);

/// What is wrong with a polygon and what to do, for an error; nothing where it is fine.
[[nodiscard]] std::optional<std::string_view> fault_of_polygon(std::span<const Point> corners);

[[nodiscard]] nlohmann::json points_json(std::span<const Point> points);

}  // namespace bulkhead
