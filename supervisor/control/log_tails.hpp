#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/result.hpp"
#include "supervisor/log/log_tail.hpp"

namespace bulkhead::supervisor {

inline constexpr std::string_view kLogLineMethod = "log.line";

/// The logs that one client reads. Owned by its Subscriber, which sends their lines when nothing
/// else waits: they are BULK, and like it lose the oldest when the client is behind. Used by the
/// supervisor's loop.
class LogTails {
 public:
  explicit LogTails(std::function<void()> wake, std::size_t most = limits::kLogTailsPerConnection)
      : wake_{std::move(wake)}, most_{most} {}
  ~LogTails() { clear(); }
  LogTails(const LogTails&) = delete;
  LogTails& operator=(const LogTails&) = delete;

  /// The id of a new tail, unique on this connection. LimitReached.
  Result<std::string> open(const std::shared_ptr<LogFolder>& folder, LogRequest request);

  /// NotFound, also for one that does not follow and has told everything.
  Result<void> close(const std::string& id);

  /// The next `log.line`, whole, of the tails in turn.
  [[nodiscard]] std::optional<std::string> next();

  void clear();

 private:
  struct Member {
    std::string id;
    std::shared_ptr<LogTail> tail;
  };

  std::function<void()> wake_;
  std::size_t most_;
  std::vector<Member> members_;
  std::size_t turn_ = 0;  // index of the next to be asked
  std::uint64_t opened_total_ = 0;
};

}  // namespace bulkhead::supervisor
