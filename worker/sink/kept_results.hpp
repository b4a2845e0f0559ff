#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/ids.hpp"
#include "ipc/event.hpp"
#include "ipc/priority_class.hpp"
#include "ipc/start_message.hpp"
#include "worker/sink/result_sinks.hpp"

namespace bulkhead::worker {

/// The sinks of a start message, each for its session. They connect when they are first written to.
[[nodiscard]] std::vector<NamedSink> sinks_of(const ipc::StartMessage& start,
                                              const std::shared_ptr<spdlog::logger>& log);

/// From results as this worker publishes them to records as its sinks keep them: each in the form
/// that clients get, with the numbers of its tracks as this worker counts them (`generation` tells
/// whose). A frame that shows nothing is not kept.
///
/// Owned by Worker, used by the detect thread.
class KeptResults {
 public:
  /// `sinks` outlives it.
  KeptResults(ResultSinks& sinks, SubscriptionId session, Generation generation, ModelCard model)
      : sinks_{sinks},
        session_{std::move(session)},
        generation_{generation},
        model_{std::move(model)} {}

  /// Names of the bits of objects, from now on.
  void take_zones(std::vector<std::string> names) { zones_ = std::move(names); }

  void keep(Sequence sequence, ipc::PriorityClass priority, const Detection& detection);
  void keep(Sequence sequence, ipc::PriorityClass priority, const ipc::Event& event);

 private:
  ResultSinks& sinks_;
  const SubscriptionId session_;
  const Generation generation_;
  const ModelCard model_;
  std::vector<std::string> zones_;
};

}  // namespace bulkhead::worker
