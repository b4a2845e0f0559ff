#include "supervisor/hub/result_history.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulkhead::supervisor {

std::size_t ResultHistory::bytes_of(const Kept& kept) noexcept {
  const SessionContext& context = kept.detection.context;
  return sizeof kept + kept.detection.objects.size() * sizeof(Object) + context.id.size() +
         context.stage.size();
}

void ResultHistory::add(const ResultEvent& event, std::int64_t now_ns) {
  Session& session = sessions_[event.session];
  const auto& results = session.results;
  // A generation has one model, and its card is larger than most results.
  const bool same_model =
      !results.empty() && results.back().position.generation == event.generation;
  auto model = same_model ? results.back().model : std::make_shared<const ModelCard>(event.model);
  session.results.push_back({.position = {event.generation, event.sequence},
                             .priority = event.priority,
                             .publish_ns = event.publish_ns,
                             .kept_ns = now_ns,
                             .detection = event.detection,
                             .model = std::move(model),
                             .zones = event.zones});
  session.bytes += bytes_of(session.results.back());
  trim(session, now_ns);
}

void ResultHistory::trim(Session& session, std::int64_t now_ns) const {
  const auto is_too_much = [&] {
    return session.results.size() > limits_.results || session.bytes > limits_.bytes ||
           now_ns - session.results.front().kept_ns > limits_.age_ns;
  };
  while (!session.results.empty() && is_too_much()) {
    session.bytes -= bytes_of(session.results.front());
    session.dropped = session.results.front().position;
    session.results.pop_front();
  }
}

ResultPosition ResultHistory::last(const SubscriptionId& session) const {
  const auto known = sessions_.find(session);
  if (known == sessions_.end()) return {};
  const auto& [results, bytes, dropped] = known->second;
  return results.empty() ? dropped : results.back().position;
}

ResultHistory::Since ResultHistory::since(const SubscriptionId& session, ResultPosition position,
                                          std::size_t most) const {
  Since since;
  const auto known = sessions_.find(session);
  if (known == sessions_.end()) return since;
  const auto& [results, bytes, dropped] = known->second;
  if (position > last(session)) position = {};
  auto first =
      std::ranges::find_if(results, [&](const Kept& kept) { return kept.position > position; });
  ResultPosition left_out = dropped;
  if (const auto after = static_cast<std::size_t>(results.end() - first); after > most) {
    first += static_cast<std::ptrdiff_t>(after - most);
    left_out = std::prev(first)->position;
  }
  if (left_out > position) {
    const bool same = position.generation == left_out.generation;
    since.missing = {.generation = left_out.generation,
                     .from = same ? position.sequence + 1 : 1,
                     .to = left_out.sequence};
  }
  std::ranges::transform(first, results.end(), std::back_inserter(since.results),
                         [](const Kept& kept) { return &kept; });
  return since;
}

}  // namespace bulkhead::supervisor
