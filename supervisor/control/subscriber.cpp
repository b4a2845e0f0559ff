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
    : hub_{hub}, limits_{limits}, wake_{std::move(wake)}, tails_{wake_} {}

Subscriber::~Subscriber() = default;

Result<Subscriber::Opened> Subscriber::open(StreamFilter filter, StreamPolicy policy,
                                            const Resume& resume) {
  if (streams_.size() >= limits_.streams_per_connection) {
    return Error{ErrorCode::LimitReached,
                 "this connection has " + std::to_string(streams_.size()) +
                     " streams, which is the most; close one",
                 {}};
  }
  std::string id = "s" + std::to_string(++opened_total_);
  auto stream = std::make_shared<Stream>(id, std::move(filter), wake_, limits_.outbox, policy);
  auto subscription = hub_.add(stream);
  // Not more than the outbox takes without pressure: writing what it would drop takes everybody's
  // time.
  const double room = limits::kPressedFrom * static_cast<double>(limits_.outbox.messages);
  const std::size_t replayed = subscription.replay(resume, static_cast<std::size_t>(room));
  streams_.push_back({std::move(stream), std::move(subscription)});
  return Opened{.id = std::move(id), .replayed = replayed};
}

Result<void> Subscriber::close(const std::string& stream_id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Member& member) {
    return member.stream->id() == stream_id;
  });
  if (found == streams_.end()) return stream(stream_id).error();
  streams_.erase(found);
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
  return reply_bytes_ + notice_bytes_ > limits_.reply_bytes;
}

bool Subscriber::has_many_replies() const noexcept {
  return replies_.size() >= limits_.requests_per_connection ||
         reply_bytes_ > limits_.reply_bytes / 8;
}

void Subscriber::leave() {
  streams_.clear();
  tails_.clear();
  replies_.clear();
  notices_.clear();
  reply_bytes_ = 0;
  notice_bytes_ = 0;
}

std::optional<Outgoing> Subscriber::next(std::int64_t now_ns) {
  told_payload_.reset();  // an idle connection holds no message alive
  const bool any_class = (sent_total_ + 1) % kStarvationTurn == 0;
  std::optional<Outgoing> out;
  const bool is_turn_of_logs = any_class && sent_total_ / kStarvationTurn % 2 == 1;
  if (is_turn_of_logs) out = next_log();
  if (!any_class) out = next_reply();
  if (!out) out = next_notice();
  // A stream may find that all it had has expired, and then has a gap to tell at most.
  for (std::size_t tries = 0; !out && tries <= streams_.size(); ++tries) {
    Member* member = any_class ? pick_any_class() : pick();
    if (member == nullptr) break;
    out = take_from(*member, now_ns);
  }
  if (!out) out = next_reply();
  if (!out) out = next_log();
  if (out) ++sent_total_;
  return out;
}

void Subscriber::written(std::int64_t took_ns) {
  for (Member& member : streams_) {
    member.stream->written(took_ns);
    member.subscription.catch_up();
  }
}

void Subscriber::throttle(std::int64_t now_ns) {
  for (const Member& member : streams_) member.stream->throttle(now_ns);
}

void Subscriber::recover() {
  for (const Member& member : streams_) member.stream->recover();
}

std::size_t Subscriber::end_overflowed() {
  return std::erase_if(streams_, [&](const Member& member) {
    if (!member.stream->overflowed()) return false;
    member.stream->close("overflow");
    tell_status(*member.stream);
    return true;
  });
}

void Subscriber::close_streams(std::string_view reason) {
  for (const Member& member : streams_) {
    member.stream->close(reason);
    tell_status(*member.stream);
  }
  streams_.clear();
}

std::optional<Outgoing> Subscriber::next_reply() {
  if (replies_.empty()) return std::nullopt;
  told_ = std::move(replies_.front());
  replies_.pop_front();
  reply_bytes_ -= told_.size();
  return Outgoing{.head = told_, .tail = {}, .compress = true};
}

std::optional<Outgoing> Subscriber::next_notice() {
  if (notices_.empty()) return std::nullopt;
  told_ = std::move(notices_.front());
  notices_.pop_front();
  notice_bytes_ -= told_.size();
  return Outgoing{.head = told_, .tail = {}, .compress = true};
}

std::optional<Outgoing> Subscriber::next_log() {
  auto text = tails_.next();
  if (!text) return std::nullopt;
  told_ = *std::move(text);
  return Outgoing{.head = told_, .tail = {}, .compress = true};
}

Subscriber::Member* Subscriber::pick_any_class() {
  for (std::size_t step = 1; step <= streams_.size(); ++step) {
    const std::size_t index = (any_class_turn_ + step) % streams_.size();
    if (streams_[index].stream->empty()) continue;
    any_class_turn_ = index;
    return &streams_[index];
  }
  return nullptr;
}

Subscriber::Member* Subscriber::pick() {
  Member* best = nullptr;
  std::size_t best_class = ipc::kPriorityClasses + 1;
  std::size_t best_index = turn_;
  for (std::size_t step = 1; step <= streams_.size(); ++step) {
    const std::size_t index = (turn_ + step) % streams_.size();
    const Stream& stream = *streams_[index].stream;
    if (stream.empty()) continue;
    // A stream with nothing but notices to tell comes after those with messages.
    const auto top = stream.outbox().top();
    const std::size_t its_class = top ? ipc::index_of(*top) : ipc::kPriorityClasses;
    if (its_class >= best_class) continue;
    best = &streams_[index];
    best_class = its_class;
    best_index = index;
  }
  turn_ = best_index;
  return best;
}

void Subscriber::tell_status(Stream& stream) {
  for (const StreamStatusChange& change : stream.take_status_changes()) {
    notice(head_of(kStreamStatusMethod, stream.id()) + status_tail(stream, change));
  }
}

void Subscriber::notice(std::string text) {
  notice_bytes_ += text.size();
  notices_.push_back(std::move(text));
}

std::optional<Outgoing> Subscriber::take_from(Member& member, std::int64_t now_ns) {
  Stream& stream = *member.stream;
  stream.expire(now_ns);
  tell_status(stream);
  for (const OutboxGap& gap : stream.take_gaps()) {
    notice(head_of(kStreamGapMethod, stream.id()) + gap_tail(gap));
  }
  if (!notices_.empty()) return next_notice();
  auto item = stream.take(now_ns);
  if (!item) return std::nullopt;
  told_payload_ = std::move(item->payload);
  if (member.head_method != told_payload_->method) {
    member.head = head_of(told_payload_->method, stream.id());
    member.head_method = told_payload_->method;
  }
  return Outgoing{.head = member.head,
                  .tail = told_payload_->params_tail,
                  .compress = stream.policy().compress};
}

}  // namespace bulkhead::supervisor
