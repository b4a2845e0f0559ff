#include "common/picture_points.hpp"

#include <nlohmann/json.hpp>

#include "common/shortest_decimal.hpp"

namespace bulkhead {

namespace {

bool is_coordinate(const nlohmann::json& value) {
  return value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1;
}

Error wrong(const std::string& field, const std::string& what) {
  return {ErrorCode::InvalidParams, field + ": " + what, field};
}

}  // namespace

Result<std::vector<Point>> read_points(const nlohmann::json& list, const std::string& path,
                                       std::size_t least, std::size_t most) {
  const std::string wanted =
      least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  if (!list.is_array() || list.size() < least || list.size() > most) {
    return wrong(path, "must be a list of " + wanted + " points [x, y]");
  }
  std::vector<Point> points;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const nlohmann::json& point = list[i];
    const bool is_point =
        point.is_array() && point.size() == 2 && is_coordinate(point[0]) && is_coordinate(point[1]);
    if (!is_point) {
      return wrong(path + '[' + std::to_string(i) + ']',
                   "is no point of the picture; give [x, y], each from 0 to 1: parts of its width "
                   "and height");
    }
    points.push_back({point[0].get<float>(), point[1].get<float>()});
  }
  return points;
}

std::optional<std::string_view> fault_of_polygon(std::span<const Point> corners) {
  for (std::size_t i = 0; i < corners.size(); ++i) {
    if (corners[i] == corners[(i + 1) % corners.size()]) {
      return "names a corner twice in a row; leave one out (the last corner is joined to the first "
             "by itself)";
    }
  }
  if (is_simple(corners)) return std::nullopt;
  return "crosses or touches itself; give its corners in order around the area";
}

nlohmann::json points_json(std::span<const Point> points) {
  nlohmann::json list = nlohmann::json::array();
  for (const Point& point : points) {
    list.push_back({shortest_decimal(point.x), shortest_decimal(point.y)});
  }
  return list;
}

}  // namespace bulkhead
