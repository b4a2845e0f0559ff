#include "common/session_spec.hpp"

#include <nlohmann/json.hpp>

#include "common/bundle_name.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead {

namespace {

// Each in the order of its enum.
const std::vector<std::string_view> kTransportNames{"tcp", "udp"};
const std::vector<std::string_view> kLifetimeNames{"persistent", "connection"};
const std::vector<std::string_view> kAvailabilityNames{"always", "intermittent", "scheduled",
                                                       "on_demand"};
const std::vector<std::string_view> kPaceNames{"realtime", "flat_out"};
const std::vector<std::string_view> kLogLevels{"trace", "debug", "info", "warn", "error"};
constexpr std::size_t kInfo = 2;

template <class Enum>
std::string_view name_in(const std::vector<std::string_view>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

RtspUrl read_url(JsonFields& fields) {
  // The length is judged by parse, whose sentence says more.
  const std::string text = fields.required_string("rtspUrl", limits::kJsonBytes);
  auto url = RtspUrl::parse(text);
  if (url) return std::move(*url);
  fields.fail("rtspUrl", url.error().message);
  return {};
}

/// Credentials beside the address replace those inside it.
void read_credentials(JsonFields& fields, RtspUrl& url) {
  const nlohmann::json* json = fields.member("credentials");
  if (json == nullptr) return;
  JsonFields credentials{*json, fields.path_of("credentials")};
  url.user = credentials.string("username", "", limits::kCredentialBytes);
  url.password = credentials.string("password", "", limits::kCredentialBytes);
  if (const auto done = credentials.finish(); !done) return fields.fail(done.error());
  if (url.scheme == "file") fields.fail("credentials", "a file takes no credentials; remove them");
}

/// A name or a whole pipeline; neither where the default is meant.
struct PipelineChoice {
  std::string name;
  std::optional<PipelineSpec> spec;
};

PipelineChoice read_pipeline(JsonFields& fields) {
  const nlohmann::json* json = fields.member("pipeline");
  if (json == nullptr) return {};
  if (json->is_object()) {
    auto spec = PipelineSpec::from_json(*json, fields.path_of("pipeline"));
    if (spec) return {{}, std::move(*spec)};
    fields.fail(spec.error());
    return {};
  }
  if (!json->is_string()) {
    fields.fail("pipeline", std::string{"found a value of type "} + json->type_name() +
                                "; give the name of a pipeline or an object {…}");
    return {};
  }
  std::string name = fields.required_string("pipeline", kBundlePrefix.size() + limits::kNameChars);
  if (!name.empty() && !is_pipeline_name(name) && !bundle_name_of(name)) {
    fields.fail("pipeline", "\"" + name + "\" is no pipeline name; " + kPipelineNameRule);
  }
  return {std::move(name), {}};
}

WeeklySchedule read_schedule_of(JsonFields& fields, Availability availability) {
  WeeklySchedule schedule = read_schedule(fields, "schedule");
  const bool is_scheduled = availability == Availability::Scheduled;
  if (is_scheduled && schedule.empty()) {
    fields.fail("schedule", R"(is missing; a scheduled camera needs one, such as )"
                            R"([{"days": ["mon"], "from": "08:00", "to": "18:00"}])");
  }
  if (!is_scheduled && !schedule.empty()) {
    fields.fail("schedule", R"(belongs to availability "scheduled"; ask for that, or remove it)");
  }
  return schedule;
}

std::vector<ZoneSpec> read_zones_of(JsonFields& fields) {
  const nlohmann::json* json = fields.member("zones");
  if (json == nullptr) return {};
  auto zones = read_zones(*json, fields.path_of("zones"));
  if (zones) return std::move(*zones);
  fields.fail(zones.error());
  return {};
}

/// Pace and loop would be ignored for a camera; whoever asks for them expects otherwise.
void check_playback(JsonFields& fields, const RtspUrl& url, Pace pace, bool loop) {
  if (url.scheme == "file") return;
  if (pace != Pace::Realtime) {
    fields.fail("pace", "a camera has its own pace; remove it or give a file:// address");
  }
  if (loop) fields.fail("loop", "a camera has no end; remove it or give a file:// address");
}

}  // namespace

std::string_view name_of(Availability availability) noexcept {
  return name_in(kAvailabilityNames, availability);
}

Result<SessionSpec> SessionSpec::from_json(const nlohmann::json& json, const std::string& path) {
  JsonFields fields{json, path};
  auto id =
      SubscriptionId::parse(fields.required_string("subscriptionIdentifier", limits::kJsonBytes));
  if (!id) fields.fail("subscriptionIdentifier", id.error().message);
  RtspUrl url = read_url(fields);
  read_credentials(fields, url);
  PipelineChoice pipeline = read_pipeline(fields);
  const auto transport = static_cast<Transport>(fields.one_of("transport", kTransportNames, 0));
  const auto lifetime = static_cast<Lifetime>(fields.one_of("lifetime", kLifetimeNames, 0));
  const auto availability =
      static_cast<Availability>(fields.one_of("availability", kAvailabilityNames, 0));
  WeeklySchedule schedule = read_schedule_of(fields, availability);
  const auto pace = static_cast<Pace>(fields.one_of("pace", kPaceNames, 0));
  const bool loop = fields.boolean("loop", false);
  check_playback(fields, url, pace, loop);
  const auto priority = static_cast<std::uint32_t>(
      fields.integer("priority", kDefaultPriority, 0, limits::kPriority));
  const auto connections = static_cast<std::uint32_t>(
      fields.integer("maxRtspConnections", 0, 0, limits::kRtspConnections));
  const std::size_t log_level = fields.one_of("logLevel", kLogLevels, kInfo);
  std::vector<ZoneSpec> zones = read_zones_of(fields);
  const bool track_updates = fields.boolean("trackUpdates", false);
  if (const auto done = fields.finish(); !done) return done.error();

  return SessionSpec{.id = std::move(*id),
                     .url = std::move(url),
                     .pipeline = std::move(pipeline.spec),
                     .pipeline_name = std::move(pipeline.name),
                     .transport = transport,
                     .lifetime = lifetime,
                     .availability = availability,
                     .schedule = std::move(schedule),
                     .pace = pace,
                     .loop = loop,
                     .priority = priority,
                     .max_rtsp_connections = connections,
                     .log_level = std::string{kLogLevels[log_level]},
                     .zones = std::move(zones),
                     .track_updates = track_updates};
}

nlohmann::json SessionSpec::to_json(Secrets secrets) const {
  const bool kept = secrets == Secrets::Kept;
  nlohmann::json json{
      {"subscriptionIdentifier", id.text()},
      {"rtspUrl", kept ? url.location() : url.printable()},
      {"transport", name_in(kTransportNames, transport)},
      {"lifetime", name_in(kLifetimeNames, lifetime)},
      {"availability", name_of(availability)},
      {"pace", name_in(kPaceNames, pace)},
      {"loop", loop},
      {"priority", priority},
      {"maxRtspConnections", max_rtsp_connections},
      {"logLevel", log_level},
  };
  if (kept && !(url.user.empty() && url.password.empty())) {
    json["credentials"] = {{"username", url.user}, {"password", url.password}};
  }
  if (!zones.empty()) json["zones"] = bulkhead::to_json(zones);
  if (track_updates) json["trackUpdates"] = true;
  if (!schedule.empty()) json["schedule"] = bulkhead::to_json(schedule);
  if (pipeline) {
    json["pipeline"] = pipeline->to_json();
  } else if (!pipeline_name.empty()) {
    json["pipeline"] = pipeline_name;
  }
  return json;
}

}  // namespace bulkhead
