#pragma once

#include <string>
#include <vector>

namespace bulkhead::supervisor {

/// The last lines of a session's log, oldest first and fit to be shown: at most
/// limits::kExitLogLines, each cut at limits::kReasonBytes. None where the file cannot be read or
/// is no regular file; a line that began before the last limits::kExitLogBytes is left out.
///
/// Called by the loop's thread when a worker has ended: one small read of what was written a moment
/// ago, as short as a line of the supervisor's own log.
[[nodiscard]] std::vector<std::string> last_log_lines(const std::string& file);

}  // namespace bulkhead::supervisor
