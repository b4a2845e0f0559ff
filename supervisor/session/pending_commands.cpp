#include "supervisor/session/pending_commands.hpp"

#include <utility>
#include <vector>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

Result<std::uint64_t> PendingCommands::add(std::int64_t deadline_ns, Answered answered) {
  if (waiting_.size() >= limits::kPendingCommands) {
    return Error{ErrorCode::LimitReached,
                 "the worker already has " + std::to_string(waiting_.size()) +
                     " commands to answer; wait for their replies",
                 {}};
  }
  waiting_.emplace(++last_id_, Waiting{deadline_ns, std::move(answered)});
  return last_id_;
}

void PendingCommands::acknowledge(const ipc::Ack& ack) {
  auto node = waiting_.extract(ack.request_id);
  if (node.empty()) return;
  if (ack.code == ErrorCode::None) return node.mapped().answered({});
  node.mapped().answered(Error{ack.code, ack.text, {}});
}

void PendingCommands::fail(std::uint64_t request_id, const Error& error) {
  auto node = waiting_.extract(request_id);
  if (!node.empty()) node.mapped().answered(error);
}

void PendingCommands::fail_all(const Error& error) {
  for (auto& [id, waiting] : std::exchange(waiting_, {})) waiting.answered(error);
}

void PendingCommands::expire(std::int64_t now_ns) {
  std::vector<std::uint64_t> late;
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.deadline_ns <= now_ns) late.push_back(id);
  }
  for (const auto id : late)
    fail(id, {ErrorCode::Timeout, "the worker did not answer in time", {}});
}

}  // namespace bulkhead::supervisor
