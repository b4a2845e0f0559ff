#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/event_kind.hpp"
#include "ipc/priority_class.hpp"
#include "supervisor/metrics/histogram.hpp"
#include "supervisor/session/connection_admission.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// What all WebSocket clients together have and had.
struct ClientFigures {
  std::size_t connections = 0;  // HTTP and WebSocket
  std::size_t streams = 0;
  std::size_t queue_messages = 0;
  std::size_t queue_bytes = 0;
  std::array<std::uint64_t, ipc::kPriorityClasses> dropped_total{};
  std::array<std::size_t, kStreamStatuses> streams_by_status{};
  std::size_t memory_bytes = 0;     // of all that waits, each message once
  std::size_t shared_messages = 0;  // alive, each once
  Pressure pressure = Pressure::None;
  std::uint64_t streams_ended_total = 0;  // because all together held too much
  std::uint64_t writes_total = 0;
  std::uint64_t slow_writes_total = 0;
  double flush_pause_seconds = 0;
  std::uint64_t messages_sent_total = 0;
  std::uint64_t bytes_sent_total = 0;
  std::uint64_t connections_accepted_total = 0;
  std::uint64_t connections_refused_total = 0;         // at the limit
  std::map<std::string, std::uint64_t> evicted_total;  // by why a slow client was cut
};

/// How late the supervisor's one loop comes to what is due.
struct LoopFigures {
  DurationHistogram lateness;
  double longest_stall_seconds = 0;
};

/// All that is measured, at one moment. Gathered when somebody asks.
struct SupervisorFigures {
  double uptime_seconds = 0;
  std::size_t max_sessions = 0;
  std::size_t warm_spares = 0;
  std::vector<SessionView> sessions;
  std::map<SubscriptionId, DurationHistogram> latencies;        // arrival at the worker to the hub
  std::uint64_t events_total = 0;                               // published by the hub
  std::array<std::uint64_t, kEventKinds> scene_events_total{};  // of tracks and zones, by kind
  std::uint64_t log_lines_lost_total = 0;
  ConnectionAdmission::Figures connections;  // to cameras
  ClientFigures clients;
  LoopFigures loop;
};

}  // namespace bulkhead::supervisor
