#include "supervisor/hub/hub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

namespace {

const ObjectFilter kEverything;

/// The forms of one detection that this publish has written so far, one per distinct filter.
class DetectionForms {
 public:
  struct Form {
    const ObjectFilter* filter;
    Payload payload;
    bool is_empty;  // no object is left
  };

  DetectionForms(const ResultEvent& event, std::int64_t now_ns) : event_{event}, now_ns_{now_ns} {}

  /// Valid until the next call.
  const Form& form_for(const ObjectFilter& wish) {
    // Most filters change nothing in most frames: then they share the whole one.
    const ObjectFilter& filter = keeps_all(wish, event_.detection) ? kEverything : wish;
    const auto known = std::find_if(forms_.begin(), forms_.end(),
                                    [&](const Form& form) { return *form.filter == filter; });
    if (known != forms_.end()) return *known;
    return forms_.emplace_back(write(filter));
  }

 private:
  [[nodiscard]] Form write(const ObjectFilter& filter) const {
    const auto& objects = event_.detection.objects;
    Message message{.method = kDetectionMethod,
                    .params_tail = detection_tail(event_, filter, now_ns_)};
    return {.filter = &filter,
            .payload = std::make_shared<const Message>(std::move(message)),
            .is_empty = std::none_of(objects.begin(), objects.end(), [&](const Object& object) {
              return keeps(filter, object, event_.model);
            })};
  }

  const ResultEvent& event_;
  std::int64_t now_ns_;
  std::vector<Form> forms_;
};

/// A worker chooses the class of its detections, but must not fill the queue that carries state
/// changes and replies: what overflows there ends a client's connection.
ipc::PriorityClass class_of(const ResultEvent& event, bool is_empty) {
  return is_empty ? ipc::PriorityClass::Bulk
                  : std::max(event.priority, ipc::PriorityClass::Important);
}

/// False: the stream does not want an empty frame.
bool offer(Stream& stream, const ResultEvent& event,
           const std::shared_ptr<const SubscriptionId>& session, DetectionForms& forms) {
  const DetectionForms::Form& form = forms.form_for(stream.filter().objects);
  if (form.is_empty && !stream.filter().empty_frames) return false;
  stream.offer({.priority = class_of(event, form.is_empty),
                .payload = form.payload,
                .session = session,
                .generation = event.generation,
                .sequence = event.sequence});
  return true;
}

}  // namespace

Hub::Subscription::Subscription(Subscription&& other) noexcept
    : hub_{std::exchange(other.hub_, nullptr)}, key_{other.key_} {}

Hub::Subscription& Hub::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    leave();
    hub_ = std::exchange(other.hub_, nullptr);
    key_ = other.key_;
  }
  return *this;
}

Hub::Subscription::~Subscription() { leave(); }

void Hub::Subscription::leave() noexcept {
  if (hub_ != nullptr) hub_->remove(key_);
  hub_ = nullptr;
}

void Hub::remove(std::uint64_t key) noexcept {
  const auto found = streams_.find(key);
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    dropped_by_gone_total_[ipc::index_of(priority)] +=
        found->second->outbox().dropped_total(priority);
  }
  streams_.erase(found);
}

Hub::Queued Hub::queued() const {
  Queued queued{.messages = 0, .bytes = 0, .dropped_total = dropped_by_gone_total_};
  for (const auto& [key, stream] : streams_) {
    const Outbox& outbox = stream->outbox();
    queued.messages += outbox.messages();
    queued.bytes += outbox.bytes();
    for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
      queued.dropped_total[ipc::index_of(priority)] += outbox.dropped_total(priority);
    }
  }
  return queued;
}

Hub::Subscription Hub::add(std::shared_ptr<Stream> stream) {
  const std::uint64_t key = next_key_++;
  streams_.emplace(key, std::move(stream));
  return {*this, key};
}

bool Hub::wants_results(const SubscriptionId& session) const {
  return std::ranges::any_of(streams_, [&](const auto& entry) {
    const Stream& stream = *entry.second;
    return stream.filter().detections && stream.wants_session(session);
  });
}

void Hub::publish(const ResultEvent& event) {
  ++messages_total_;
  const std::int64_t now_ns = monotonic_ns();
  latencies_[event.session].observe(std::chrono::nanoseconds{age_ns(event.detection, now_ns)});

  history_.add(event, now_ns);
  DetectionForms forms{event, now_ns};
  std::shared_ptr<const SubscriptionId> session;
  for (const auto& [key, stream] : streams_) {
    if (!stream->filter().detections || !stream->wants_session(event.session)) continue;
    if (session == nullptr) session = std::make_shared<const SubscriptionId>(event.session);
    offer(*stream, event, session, forms);
  }
}

std::size_t Hub::replay(Stream& stream, const SubscriptionId& session, ResultPosition position,
                        std::size_t most) const {
  if (!stream.filter().detections || !stream.wants_session(session)) return 0;
  const auto id = std::make_shared<const SubscriptionId>(session);
  const ResultHistory::Since since = history_.since(session, position, most);
  if (const auto& missing = since.missing) {
    stream.offer_gap({.session = id,
                      .generation = missing->generation,
                      .priority = ipc::PriorityClass::Important,
                      .reason = GapReason::History,
                      .from = missing->from,
                      .to = missing->to,
                      .count = missing->to - missing->from + 1});
  }
  std::size_t offered = 0;
  const std::int64_t now_ns = monotonic_ns();
  for (const ResultHistory::Kept* kept : since.results) {
    const ResultEvent event{.session = session,
                            .generation = kept->position.generation,
                            .sequence = kept->position.sequence,
                            .priority = kept->priority,
                            .publish_ns = kept->publish_ns,
                            .detection = kept->detection,
                            .model = *kept->model};
    DetectionForms forms{event, now_ns};
    if (offer(stream, event, id, forms)) ++offered;
  }
  return offered;
}

void Hub::publish(const StateEvent& event) {
  ++messages_total_;
  if (event.removed) {
    latencies_.erase(event.session);
    history_.forget(event.session);
  }
  OutboxItem item{.priority = ipc::PriorityClass::Control,
                  .payload = std::make_shared<const Message>(
                      Message{.method = kSessionStateMethod, .params_tail = state_tail(event)}),
                  .session = std::make_shared<const SubscriptionId>(event.session),
                  .generation = event.generation,
                  .sequence = 0,
                  .is_state = true};
  for (const auto& [key, stream] : streams_) {
    if (stream->filter().states && stream->wants_session(event.session)) stream->offer(item);
  }
}

void Hub::publish(const GapEvent& event) {
  ++messages_total_;
  const OutboxGap gap{.session = std::make_shared<const SubscriptionId>(event.session),
                      .generation = event.generation,
                      .priority = event.gap.priority,
                      .reason = GapReason::WorkerQueueFull,
                      .from = event.gap.from,
                      .to = event.gap.to,
                      .count = event.gap.count};
  for (const auto& [key, stream] : streams_) {
    if (stream->filter().detections && stream->wants_session(event.session)) {
      stream->offer_gap(gap);
    }
  }
}

void Hub::publish(const AlertEvent& event) {
  ++messages_total_;
  const OutboxItem item{.priority = ipc::PriorityClass::Critical,
                        .payload = std::make_shared<const Message>(Message{
                            .method = kSystemAlertMethod, .params_tail = alert_tail(event)}),
                        .session = std::make_shared<const SubscriptionId>(event.session),
                        .generation = event.generation,
                        .sequence = 0};
  for (const auto& [key, stream] : streams_) {
    if (stream->filter().alerts && stream->wants_session(event.session)) stream->offer(item);
  }
}

SessionEvents Hub::events() {
  return {.result = [this](const ResultEvent& event) { publish(event); },
          .state = [this](const StateEvent& event) { publish(event); },
          .gap = [this](const GapEvent& event) { publish(event); },
          .alert = [this](const AlertEvent& event) { publish(event); },
          .generation = {},
          .reverted = {},
          .demanded = [this](const SubscriptionId& session) { return wants_results(session); }};
}

}  // namespace bulkhead::supervisor
