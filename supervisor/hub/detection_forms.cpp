#include "supervisor/hub/detection_forms.hpp"

#include <algorithm>

#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

namespace {

const ObjectFilter kEverything;

/// A worker chooses the class of its detections, but must not fill the queue that carries state
/// changes and replies: what overflows there ends a client's connection.
ipc::PriorityClass class_of(const ResultEvent& event, bool is_empty) {
  return is_empty ? ipc::PriorityClass::Bulk
                  : std::max(event.priority, ipc::PriorityClass::Important);
}

}  // namespace

std::optional<OutboxItem> DetectionForms::item_for(
    const StreamFilter& wish, const std::shared_ptr<const SubscriptionId>& session) {
  const Form& form = form_for(wish.objects);
  if (form.is_empty && !wish.empty_frames) return std::nullopt;
  return OutboxItem{.priority = class_of(event_, form.is_empty),
                    .payload = form.payload,
                    .session = session,
                    .generation = event_.generation,
                    .sequence = event_.sequence,
                    .at_ns = now_ns_};
}

const DetectionForms::Form& DetectionForms::form_for(const ObjectFilter& wish) {
  // Most filters change nothing in most frames: then they share the whole one.
  const ObjectFilter& filter = keeps_all(wish, event_.detection) ? kEverything : wish;
  const auto known =
      std::ranges::find_if(forms_, [&](const Form& form) { return *form.filter == filter; });
  if (known != forms_.end()) return *known;
  return forms_.emplace_back(write(filter));
}

DetectionForms::Form DetectionForms::write(const ObjectFilter& filter) const {
  return {.filter = &filter,
          .payload = budget_.message(kDetectionMethod, detection_tail(event_, filter, now_ns_)),
          .is_empty = std::ranges::none_of(event_.detection.objects, [&](const Object& object) {
            return keeps(filter, object, event_.model);
          })};
}

}  // namespace bulkhead::supervisor
