#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/detection.hpp"
#include "common/ids.hpp"
#include "ipc/priority_class.hpp"
#include "ipc/record.hpp"
#include "supervisor/session/session_view.hpp"
#include "supervisor/session/zone_lists.hpp"

namespace bulkhead::supervisor {

/// One validated result of a worker. References live as long as the call.
struct ResultEvent {
  const SubscriptionId& session;
  Generation generation;
  Sequence sequence;
  ipc::PriorityClass priority;
  std::int64_t publish_ns;  // monotonic
  const Detection& detection;
  const ModelCard& model;
  ZoneNames zones{};  // of the bits of its objects
};

/// What happened to a track or in a zone. Told before the result of its frame.
struct SceneEvent {
  const SubscriptionId& session;
  Generation generation;
  Sequence sequence;            // in one series with results
  ipc::PriorityClass priority;  // CRITICAL or IMPORTANT
  const ipc::Event& event;
  std::string label;
  std::string attributes{"{}"};  // of its object, as ipc::attributes_json has them
};

/// A session changed its state, or its canary did. `from == to` when only reason, generation or
/// canary changed.
struct StateEvent {
  const SubscriptionId& session;
  Generation generation;
  SessionState from;
  SessionState to;
  std::int64_t at_wall_ns;
  ErrorCode reason;
  const std::string& text;
  bool removed;                         // the session ceased to exist; last event of its name
  std::optional<CanaryState> canary{};  // of the model on trial, where there is one
};

/// Results of a worker that nobody will have.
struct GapEvent {
  enum class Why {
    WorkerQueueFull,  // its own full ring refused them
    TtlExpired,       // they were past their deadline when they were read
  };

  const SubscriptionId& session;
  Generation generation;
  const ipc::Gap& gap;
  Why why = Why::WorkerQueueFull;
};

/// An alert of a session began or ended; `text` says what of it.
struct AlertEvent {
  const SubscriptionId& session;
  Generation generation;
  ipc::AlertKind kind;
  bool active;
  std::int64_t since_wall_ns;  // of what is the case now
  const std::string& text;
};

/// Where sessions report to; wired once by Supervisor (to the hub). Called on the supervisor's
/// loop; must not block and must not destroy a session.
struct SessionEvents {
  std::function<void(const ResultEvent&)> result;
  std::function<void(const StateEvent&)> state;
  std::function<void(const GapEvent&)> gap;
  std::function<void(const AlertEvent&)> alert;
  std::function<void(const SceneEvent&)> scene{};

  /// A worker of any session gets this generation.
  std::function<void(Generation)> generation;

  /// Other parameters did not work out; the session goes on with these.
  std::function<void(const SessionSpec&)> reverted;

  /// A canary is promoted: the session shall have these parameters from now on.
  std::function<void(const SessionSpec&)> promoted{};

  /// Asked, not told: whether anybody wants results of this session now. None: nobody.
  std::function<bool(const SubscriptionId&)> demanded;
};

}  // namespace bulkhead::supervisor
