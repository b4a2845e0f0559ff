#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/rtsp_url.hpp"
#include "common/weekly_schedule.hpp"
#include "common/zone_spec.hpp"

namespace bulkhead {

enum class Transport { Tcp, Udp };
enum class Lifetime { Persistent, Connection };
/// When its camera is expected to be there.
enum class Availability {
  Always,        // when it is not, that is a problem
  Intermittent,  // it comes and goes: away is nothing to tell anybody of
  Scheduled,     // in the windows of its schedule; else it has no worker
  OnDemand,      // while somebody wants its results; else it has no worker
};
enum class Pace { Realtime, FlatOut };  // clips only: at their own speed, or as fast as they decode

/// What an operator asks for: one camera and what to do with its pictures.
///
/// Parsed once from `session.subscribe`, compared by value (the same parameters again change
/// nothing), and sent to the worker over its private socket. Holds the camera's password; the
/// JSON of `to_json(Secrets::Hidden)` never does. What `to_json(Secrets::Kept)` gives reads back as
/// an equal spec, except that a resolved pipeline is written whole and its name as asked is lost.
struct SessionSpec {
  enum class Secrets { Hidden, Kept };

  static constexpr std::uint32_t kDefaultPriority = 5;

  SubscriptionId id;
  RtspUrl url;  // with the user and password of `rtspUrl`, or those of `credentials` instead
  std::optional<PipelineSpec> pipeline;  // absent only between parsing and resolution of a name
  std::string pipeline_name;             // as asked; empty: the default
  Transport transport = Transport::Tcp;
  Lifetime lifetime = Lifetime::Persistent;
  Availability availability = Availability::Always;
  WeeklySchedule schedule{};  // of Scheduled, and of that alone
  Pace pace = Pace::Realtime;
  bool loop = false;                          // clips only
  std::uint32_t priority = kDefaultPriority;  // 0 to 9; the highest starts first
  std::uint32_t max_rtsp_connections = 0;     // at once, that the camera serves; 0: to be found out
  std::string log_level = "info";
  std::vector<ZoneSpec> zones{};
  bool track_updates = false;  // while a track goes on, an event a second

  /// `path` prefixes the field named by an error, e.g. "params".
  static Result<SessionSpec> from_json(const nlohmann::json& json, const std::string& path);
  [[nodiscard]] nlohmann::json to_json(Secrets secrets) const;

  /// Whether objects get the ids of their tracks: asked for, or needed for its zones.
  [[nodiscard]] bool tracks() const noexcept {
    return !zones.empty() || (pipeline && pipeline->track);
  }

  bool operator==(const SessionSpec&) const = default;
};

[[nodiscard]] std::string_view name_of(Availability availability) noexcept;  // "intermittent"

}  // namespace bulkhead
