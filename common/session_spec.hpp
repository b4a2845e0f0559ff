#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/ids.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"

namespace bulkhead {

enum class Transport { Tcp, Udp };
enum class Lifetime { Persistent, Connection };
enum class Pace { Realtime, FlatOut };  // clips only: at their own speed, or as fast as they decode

/// What an operator asks for: one camera and what to do with its pictures.
///
/// Parsed once from `session.subscribe`, compared by value (the same parameters again change
/// nothing), and sent to the worker over its private socket. Holds the camera's password; the
/// JSON of `to_json(Secrets::Hidden)` never does.
struct SessionSpec {
  enum class Secrets { Hidden, Kept };

  SubscriptionId id;
  std::string rtsp_url;             // as given, may hold credentials
  std::optional<PipelineSpec> pipeline;  // absent only between parsing and resolution of a name
  std::string pipeline_name;        // as asked; empty: the default
  Transport transport = Transport::Tcp;
  Lifetime lifetime = Lifetime::Persistent;
  Pace pace = Pace::Realtime;
  bool loop = false;        // clips only
  std::string log_level = "info";

  static Result<SessionSpec> from_json(const nlohmann::json& json, const std::string& path);
  [[nodiscard]] nlohmann::json to_json(Secrets secrets) const;
};

}  // namespace bulkhead
