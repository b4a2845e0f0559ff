// Events of tracks and zones: told with the result of their frame, by the worker that tells it.

#include <cstdint>
#include <variant>

#include "common/clock.hpp"
#include "ipc/result_text.hpp"
#include "supervisor/session/session.hpp"

namespace bulkhead::supervisor {

void Session::on_event(Incarnation& worker, const ipc::PriorityConsumer::Taken& taken) {
  if (!worker.model()) {
    return on_broken(worker, {ErrorCode::ProtocolError, "an event before its model was named", {}});
  }
  if (!is_present(worker) && !is_successor(worker)) return;
  if (taken.record.deadline_ns != 0 && taken.record.deadline_ns < monotonic_ns()) {
    return drop_expired(worker, taken);
  }
  if (worker.waiting_events().add(taken)) return;
  tell_alone(worker, worker.waiting_events().take_all());
  static_cast<void>(worker.waiting_events().add(taken));
}

bool Session::speaks(const Incarnation& worker) const noexcept {
  const bool is_waited_for = handover_ && !successor_;  // it has taken over, and said nothing yet
  return is_present(worker) && !is_waited_for;
}

void Session::tell_alone(const Incarnation& worker,
                         const std::vector<ipc::PriorityConsumer::Taken>& events) {
  // Of one that is on trial: the other tells that frame.
  if (!speaks(worker)) return;
  for (const auto& event : events) tell_event(event);
}

void Session::tell_event(const ipc::PriorityConsumer::Taken& taken) {
  if (!events_.scene) return;
  ipc::Event event = std::get<ipc::Event>(taken.record.body);
  std::uint32_t& track_id = event.object.track_id;
  // One that the worker before has told already goes on.
  if (event.kind == EventKind::TrackNew && track_ids_.is_continued(generation_, track_id)) return;
  track_id = track_ids_.tell(generation_, track_id);
  const std::int64_t now_ns = monotonic_ns();
  const bool is_critical =
      taken.priority == ipc::PriorityClass::Critical && critical_events_.ready_ns(now_ns) <= now_ns;
  if (is_critical) critical_events_.take(now_ns);
  events_.scene(
      {.session = spec_.id,
       .generation = generation_,
       .sequence = taken.record.sequence,
       .priority = is_critical ? ipc::PriorityClass::Critical : ipc::PriorityClass::Important,
       .event = event,
       .label = ipc::label_of(event.object.label_id, *present_->model()),
       .attributes = ipc::attributes_json(event.object, *present_->model())});
}

}  // namespace bulkhead::supervisor
