#include "common/zone_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/limits.hpp"
#include "common/session_spec.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

json square(const std::string& name = "entry") {
  return {{"name", name}, {"polygon", {{0.1, 0.2}, {0.5, 0.2}, {0.5, 0.6}, {0.1, 0.6}}}};
}

json gate() { return {{"name", "gate"}, {"line", {{0.5, 0.1}, {0.5, 0.9}}}}; }

json with(json zone, const char* key, const json& value) {
  zone[key] = value;
  return zone;
}

void expect_refused(const json& zone, const std::string& field, const std::string& part) {
  const auto read = read_zones(json::array({zone}), "params.zones");
  ASSERT_FALSE(read) << zone;
  EXPECT_EQ(read.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(read.error().field, field);
  EXPECT_NE(read.error().message.find(part), std::string::npos) << read.error().message;
}

TEST(ZoneSpecTest, AZoneNeedsANameAndAShapeAndHasUsualValuesForTheRest) {
  const auto read = read_zones(json::array({square(), gate()}), "zones");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  const ZoneSpec& zone = read->front();
  EXPECT_EQ(zone.name, "entry");
  EXPECT_FALSE(zone.is_line);
  EXPECT_EQ(zone.points[2], (Point{0.5F, 0.6F}));
  EXPECT_EQ(zone.debounce_seconds, 0.3);
  EXPECT_EQ(zone.dwell_seconds, 0);
  EXPECT_EQ(zone.anchor, ZoneAnchor::Bottom);
  EXPECT_TRUE(zone.critical.none());
  EXPECT_TRUE(read->back().is_line);
}

TEST(ZoneSpecTest, WhatIsWrittenReadsBackAsEqual) {
  json full = with(with(square(), "classes", {"person"}), "minConfidence", 0.3);
  full = with(with(full, "dwellSeconds", 2.5), "debounceSeconds", 0.0);
  full = with(with(full, "anchor", "center"), "critical", {"zone.enter", "zone.dwell"});
  full = with(full, "snapshot", true);
  const auto zones = read_zones(json::array({full, with(gate(), "critical", true)}), "zones");
  ASSERT_TRUE(zones) << zones.error().message;
  EXPECT_TRUE(zones->front().snapshot);
  EXPECT_FALSE(zones->back().snapshot);
  const json written = to_json(*zones);
  EXPECT_EQ(written[0]["minConfidence"].dump(), "0.3");
  EXPECT_EQ(written[0]["critical"], json({"zone.enter", "zone.dwell"}));
  EXPECT_EQ(written[1]["critical"], true);
  const auto again = read_zones(written, "zones");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *zones);
}

TEST(ZoneSpecTest, AShapeThatMakesNoSenseIsRefusedWithASentence) {
  const std::string zone = "params.zones[0]";
  const auto polygon = [](const json& points) { return with(square(), "polygon", points); };
  expect_refused({{"name", "a"}}, zone, "neither polygon nor line");
  expect_refused(with(square(), "line", {{0, 0}, {1, 1}}), zone, "keep one");
  expect_refused(polygon({{0, 0}, {1, 1}}), zone + ".polygon", "3 to 64 points");
  expect_refused(polygon({{0, 0}, {1, 0}, {0, 1.01}}), zone + ".polygon[2]", "from 0 to 1");
  expect_refused(polygon({{0, 0}, {1, 0}, {0, -0.01}}), zone + ".polygon[2]", "from 0 to 1");
  expect_refused(polygon({{0, 0}, {1, 0}, {"a", 1}}), zone + ".polygon[2]", "from 0 to 1");
  expect_refused(polygon({{0, 0}, {1, 0}, {0, 1, 1}}), zone + ".polygon[2]", "[x, y]");
  expect_refused(polygon({{0, 0}, {1, 1}, {1, 0}, {0, 1}}), zone + ".polygon", "crosses");
  expect_refused(polygon({{0, 0}, {1, 0}, {0, 1}, {0, 0}}), zone + ".polygon", "leave one out");
  expect_refused(with(gate(), "line", {{0.5, 0.5}, {0.5, 0.5}}), zone + ".line", "no length");
  expect_refused(with(gate(), "line", {{0, 0}, {1, 0}, {1, 1}}), zone + ".line",
                 "list of 2 points");
}

TEST(ZoneSpecTest, WhatAZoneAsksForIsCheckedByName) {
  const std::string zone = "params.zones[0]";
  expect_refused(with(square(), "name", ""), zone + ".name", "");
  expect_refused(with(square(), "name", std::string(limits::kLabelBytes + 1, 'a')), zone + ".name",
                 "");
  expect_refused(with(square(), "anchor", "top"), zone + ".anchor", "top");
  expect_refused(with(square(), "critical", {"line.cross"}), zone + ".critical", "zone.enter");
  expect_refused(with(gate(), "critical", {"zone.enter"}), zone + ".critical", "line.cross");
  expect_refused(with(square(), "critical", 1), zone + ".critical", "true, false or a list");
  expect_refused(with(gate(), "dwellSeconds", 1), zone + ".dwellSeconds", "polygon");
  expect_refused(with(square(), "debounceSeconds", 61), zone + ".debounceSeconds", "0 to 60");
  expect_refused(with(square(), "snapshot", "yes"), zone + ".snapshot", "");
  expect_refused(with(square(), "colour", "red"), zone + ".colour", "");
}

TEST(ZoneSpecTest, ThereAreSoManyZonesPointsAndClassesAtMost) {
  json zones = json::array();
  for (std::size_t i = 0; i < limits::kZones; ++i) {
    zones.push_back(square("z" + std::to_string(i)));
  }
  EXPECT_TRUE(read_zones(zones, "zones"));
  zones.push_back(square("one more"));
  ASSERT_FALSE(read_zones(zones, "zones"));
  EXPECT_EQ(read_zones(zones, "zones").error().field, "zones");

  json points = json::array();
  for (std::size_t i = 0; i < limits::kZonePoints - 1; ++i) {
    points.push_back({static_cast<double>(i) / 100, 0.1});
  }
  points.push_back({0.3, 0.9});
  // Corners on one edge are allowed; only its number decides here.
  EXPECT_TRUE(read_zones(json::array({with(square(), "polygon", points)}), "zones"));
  points.push_back({0.2, 0.8});
  EXPECT_FALSE(read_zones(json::array({with(square(), "polygon", points)}), "zones"));

  json classes(limits::kZoneClasses, "person");
  EXPECT_TRUE(read_zones(json::array({with(square(), "classes", classes)}), "zones"));
  classes.push_back("car");
  expect_refused(with(square(), "classes", classes), "params.zones[0].classes", "at most 8");
}

/// As many zones of as many corners and classes as there may be.
json most_zones(const std::string& letter) {
  std::string longest;
  while (longest.size() + letter.size() <= limits::kLabelBytes) longest += letter;
  json zones = json::array();
  for (std::size_t i = 0; i < limits::kZones; ++i) {
    json zone = square("zone " + std::to_string(i));
    json points = json::array();
    for (std::size_t k = 0; k < limits::kZonePoints - 1; ++k) {
      points.push_back({0.123456789 + static_cast<double>(k) / 100, 0.123456789});
    }
    points.push_back({0.87654321, 0.987654321});
    zone["polygon"] = points;
    zone["classes"] = json(limits::kZoneClasses, longest);
    zone["critical"] = {"zone.enter", "zone.leave", "zone.dwell"};
    zone["dwellSeconds"] = 12345.678901234567;
    zone["minConfidence"] = 0.123456789;
    zones.push_back(zone);
  }
  return zones;
}

TEST(ZoneSpecTest, AllThatIsAllowedFitsTheCommandThatCarriesItAndWhatDoesNotIsRefused) {
  const auto plain = read_zones(most_zones("c"), "zones");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_LE(to_json(*plain).dump().size(), limits::kZonesJsonBytes);
  const auto quoted = read_zones(most_zones("\u00e9"), "zones");  // six bytes in ASCII
  ASSERT_FALSE(quoted);
  EXPECT_EQ(quoted.error().field, "zones");
  EXPECT_NE(quoted.error().message.find("fewer corners"), std::string::npos);
}

TEST(ZoneSpecTest, TwoZonesOfOneNameAreRefused) {
  const auto read = read_zones(json::array({square(), with(gate(), "name", "entry")}), "zones");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "zones[1].name");
}

TEST(ZoneSpecTest, OtherTimesAndClassesOfEventsLeaveAZoneItsShape) {
  const auto zones = read_zones(
      json::array({square(), with(with(square("b"), "dwellSeconds", 5), "critical", true)}), "z");
  ASSERT_TRUE(zones);
  ZoneSpec other = zones->back();
  other.name = "entry";
  EXPECT_TRUE(zones->front().has_same_shape(other));
  EXPECT_NE(zones->front(), other);
  other.points[0].x += 0.01F;
  EXPECT_FALSE(zones->front().has_same_shape(other));
}

TEST(ZoneSpecTest, ASessionCarriesItsZonesAndTracksForTheirSake) {
  json asked{{"subscriptionIdentifier", "cam"}, {"rtspUrl", "rtsp://192.0.2.1/a"}};
  const auto plain = SessionSpec::from_json(asked, "params");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tracks());
  asked["zones"] = json::array({square(), gate()});
  asked["trackUpdates"] = true;
  const auto spec = SessionSpec::from_json(asked, "params");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_TRUE(spec->tracks());
  EXPECT_NE(*spec, *plain);
  const auto again = SessionSpec::from_json(spec->to_json(SessionSpec::Secrets::Kept), "params");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *spec);
  asked["zones"][1]["line"] = {{0, 0}, {0, 0}};
  const auto refused = SessionSpec::from_json(asked, "params");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "params.zones[1].line");
}

}  // namespace
}  // namespace bulkhead
