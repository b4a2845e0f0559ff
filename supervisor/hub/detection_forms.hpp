#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "supervisor/hub/broadcast_budget.hpp"
#include "supervisor/session/session_events.hpp"
#include "supervisor/stream/stream.hpp"

namespace bulkhead::supervisor {

/// The forms of one detection that were written so far, one per distinct filter. Lives as long as
/// one publish or replay; refers to the event and the budget.
class DetectionForms {
 public:
  DetectionForms(const ResultEvent& event, const BroadcastBudget& budget, std::int64_t now_ns)
      : event_{event}, budget_{budget}, now_ns_{now_ns} {}

  /// As one stream gets it; none where it does not want an empty frame.
  [[nodiscard]] std::optional<OutboxItem> item_for(
      const StreamFilter& wish, const std::shared_ptr<const SubscriptionId>& session);

 private:
  struct Form {
    const ObjectFilter* filter;
    Payload payload;
    bool is_empty;  // no object is left
  };

  const Form& form_for(const ObjectFilter& wish);
  [[nodiscard]] Form write(const ObjectFilter& filter) const;

  const ResultEvent& event_;
  const BroadcastBudget& budget_;
  std::int64_t now_ns_;
  std::vector<Form> forms_;
};

}  // namespace bulkhead::supervisor
