#include "supervisor/control/subscriber.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::uint64_t kStarvationTurn = 16;

std::string head_of(std::string_view method, const std::string& stream_id) {
  // Ids are our own, "s1", so they need no escaping.
  std::string head = R"({"jsonrpc":"2.0","method":")";
  head += method;
  head += R"(","params":{"streamId":")";
  head += stream_id;
  head += R"(",)";
  return head;
}

}  // namespace

Subscriber::Subscriber(Hub& hub, const ControlLimits& limits, std::function<void()> wake)
    : hub_{hub}, limits_{limits}, wake_{std::move(wake)} {}

Subscriber::~Subscriber() = default;

Result<Subscriber::Opened> Subscriber::open(
    StreamFilter filter, const std::map<SubscriptionId, ResultPosition>& resume) {
  if (streams_.size() >= limits_.streams_per_connection) {
    return Error{ErrorCode::LimitReached,
                 "this connection has " + std::to_string(streams_.size()) +
                     " streams, which is the most; close one",
                 {}};
  }
  std::string id = "s" + std::to_string(++opened_total_);
  auto stream = std::make_shared<Stream>(id, std::move(filter), wake_, limits_.outbox);
  std::size_t replayed = 0;
  for (const auto& [session, position] : resume) {
    // Not more than the outbox holds: writing what it would drop takes everybody's time.
    replayed += hub_.replay(*stream, session, position, limits_.outbox.messages / resume.size());
  }
  auto subscription = hub_.add(stream);
  streams_.push_back({std::move(stream), std::move(subscription)});
  return Opened{.id = std::move(id), .replayed = replayed};
}

Result<void> Subscriber::close(const std::string& stream_id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Member& member) {
    return member.stream->id() == stream_id;
  });
  if (found == streams_.end()) return stream(stream_id).error();
  streams_.erase(found);
  turn_ = 0;
  return {};
}

Result<std::shared_ptr<const Stream>> Subscriber::stream(const std::string& stream_id) const {
  for (const Member& member : streams_) {
    if (member.stream->id() == stream_id) return std::shared_ptr<const Stream>{member.stream};
  }
  return Error{ErrorCode::NotFound, "this connection has no such stream", "params.streamId"};
}

void Subscriber::reply(std::string text) {
  reply_bytes_ += text.size();
  replies_.push_back(std::move(text));
  wake_();
}

bool Subscriber::overflowed() const noexcept {
  return reply_bytes_ > limits_.reply_bytes ||
         std::any_of(streams_.begin(), streams_.end(),
                     [](const Member& member) { return member.stream->overflowed(); });
}

bool Subscriber::has_many_replies() const noexcept {
  return replies_.size() >= limits_.requests_per_connection ||
         reply_bytes_ > limits_.reply_bytes / 8;
}

void Subscriber::leave() {
  streams_.clear();
  replies_.clear();
  gaps_.clear();
  reply_bytes_ = 0;
}

std::optional<Outgoing> Subscriber::next() {
  const bool any_class = (sent_total_ + 1) % kStarvationTurn == 0;
  std::optional<Outgoing> out;
  if (!any_class) out = next_reply();
  if (!out) out = next_gap();
  if (!out) {
    if (Stream* stream = pick(any_class); stream != nullptr) out = take_from(*stream);
  }
  if (!out) out = next_reply();
  if (out) ++sent_total_;
  return out;
}

std::optional<Outgoing> Subscriber::next_reply() {
  if (replies_.empty()) return std::nullopt;
  Outgoing out{.head = std::move(replies_.front()), .payload = nullptr};
  replies_.pop_front();
  reply_bytes_ -= out.head.size();
  return out;
}

std::optional<Outgoing> Subscriber::next_gap() {
  if (gaps_.empty()) return std::nullopt;
  Outgoing out{.head = std::move(gaps_.front()), .payload = nullptr};
  gaps_.pop_front();
  return out;
}

Stream* Subscriber::pick(bool any_class) {
  Stream* best = nullptr;
  std::size_t best_class = ipc::kPriorityClasses + 1;
  std::size_t best_index = turn_;
  for (std::size_t step = 1; step <= streams_.size(); ++step) {
    const std::size_t index = (turn_ + step) % streams_.size();
    Stream& stream = *streams_[index].stream;
    if (stream.outbox().empty()) continue;
    // A stream with nothing but gaps to tell comes after those with messages.
    const auto top = stream.outbox().top();
    const std::size_t its_class = top ? ipc::index_of(*top) : ipc::kPriorityClasses;
    if (its_class >= best_class) continue;
    best = &stream;
    best_class = its_class;
    best_index = index;
    if (any_class) break;
  }
  turn_ = best_index;
  return best;
}

Outgoing Subscriber::take_from(Stream& stream) {
  for (const OutboxGap& gap : stream.outbox().take_gaps()) {
    gaps_.push_back(head_of(kStreamGapMethod, stream.id()) + gap_tail(gap));
  }
  if (auto gap = next_gap()) return *std::move(gap);
  OutboxItem item = *stream.outbox().take();
  return {.head = head_of(item.payload->method, stream.id()), .payload = std::move(item.payload)};
}

}  // namespace bulkhead::supervisor
