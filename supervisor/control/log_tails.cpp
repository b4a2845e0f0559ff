#include "supervisor/control/log_tails.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "supervisor/control/json_rpc.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

std::string_view name_of(LogFileState state) noexcept {
  switch (state) {
    case LogFileState::There:
      return "there";
    case LogFileState::Missing:
      return "missing";
    case LogFileState::Refused:
      return "refused";
  }
  return "";
}

std::string notification(const std::string& id, const LogRequest& request, LogBatch batch) {
  json params{{"tailId", id}, {"lines", std::move(batch.lines)}};
  if (!request.session.empty()) params["session"] = request.session;
  if (batch.lost > 0) params["lost"] = batch.lost;
  if (batch.is_cut) params["cut"] = true;
  if (batch.file) params["file"] = name_of(*batch.file);
  if (batch.is_end) params["end"] = true;
  return json_text_of(
      {{"jsonrpc", "2.0"}, {"method", kLogLineMethod}, {"params", std::move(params)}});
}

}  // namespace

Result<std::string> LogTails::open(const std::shared_ptr<LogFolder>& folder, LogRequest request) {
  if (members_.size() >= most_) {
    return Error{ErrorCode::LimitReached,
                 "this connection reads " + std::to_string(members_.size()) +
                     " logs, which is the most; end one with log.untail",
                 {}};
  }
  auto tail = LogTail::start(folder, std::move(request), wake_);
  if (!tail) return tail.error();
  members_.push_back({"t" + std::to_string(++opened_total_), *std::move(tail)});
  return members_.back().id;
}

Result<void> LogTails::close(const std::string& id) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.id == id; });
  if (found == members_.end()) {
    return Error{ErrorCode::NotFound, "this connection reads no such log", "params.tailId"};
  }
  found->tail->stop();
  members_.erase(found);
  return {};
}

std::optional<std::string> LogTails::next() {
  for (std::size_t step = 0; step < members_.size(); ++step) {
    const std::size_t index = (turn_ + step) % members_.size();
    const auto [id, tail] = members_[index];
    if (tail->empty()) continue;
    LogBatch batch = tail->take(limits::kLogMessageBytes);
    turn_ = index + 1;
    if (batch.is_end) members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(index));
    return notification(id, tail->request(), std::move(batch));
  }
  return std::nullopt;
}

void LogTails::clear() {
  // Whoever still reads must not call a client that is gone.
  for (const Member& member : members_) member.tail->stop();
  members_.clear();
}

}  // namespace bulkhead::supervisor
