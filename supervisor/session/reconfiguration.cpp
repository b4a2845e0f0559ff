#include "supervisor/session/reconfiguration.hpp"

namespace bulkhead::supervisor {

std::string_view name_of(Reconfiguration how) noexcept {
  switch (how) {
    case Reconfiguration::Hot:
      return "hot";
    case Reconfiguration::Overlap:
      return "overlap";
    case Reconfiguration::Replace:
      return "replace";
  }
  return "replace";
}

Reconfiguration reconfiguration(const SessionSpec& from, const SessionSpec& to) {
  // What is left after taking away the harmless differences decides, so that a member that is added
  // one day counts as harmful until somebody says otherwise.
  SessionSpec rest = to;
  rest.log_level = from.log_level;
  rest.lifetime = from.lifetime;
  rest.priority = from.priority;
  rest.max_rtsp_connections = from.max_rtsp_connections;
  rest.pipeline_name = from.pipeline_name;  // it has been resolved
  if (rest == from) return Reconfiguration::Hot;
  rest.pipeline = from.pipeline;
  return rest == from ? Reconfiguration::Overlap : Reconfiguration::Replace;
}

}  // namespace bulkhead::supervisor
