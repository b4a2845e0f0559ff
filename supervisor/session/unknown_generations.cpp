#include "supervisor/session/unknown_generations.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <variant>

#include "common/clock.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t kYear2026Seconds = 1'767'225'600;  // 2026-01-01T00:00:00Z

bool is_server(const SinkSpec& sink) { return !std::holds_alternative<SqliteSinkSpec>(sink.place); }

/// One that cannot be looked into may hold anything.
bool may_hold_results(const std::filesystem::path& folder) {
  std::error_code failed;
  const bool is_there = std::filesystem::exists(folder, failed);
  if (!failed && !is_there) return false;
  const bool is_empty = !failed && std::filesystem::is_empty(folder, failed);
  return failed || !is_empty;
}

}  // namespace

Generation past_unknown_generations(const SessionEnvironment& environment, std::int64_t wall_ns) {
  const bool are_kept = std::ranges::any_of(environment.sinks, is_server) ||
                        may_hold_results(environment.history_dir) ||
                        may_hold_results(environment.spool_dir);
  if (!are_kept) return 0;
  const std::int64_t seconds = wall_ns / kNsPerSecond - kYear2026Seconds;
  // Half of what there is, so that a clock of another century leaves some to give out.
  constexpr std::int64_t kLast = std::numeric_limits<Generation>::max() / 2;
  return static_cast<Generation>(std::clamp<std::int64_t>(seconds, 0, kLast));
}

}  // namespace bulkhead::supervisor
