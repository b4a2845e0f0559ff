#pragma once

#include <cstdint>
#include <filesystem>

#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "supervisor/history/history_query.hpp"

namespace bulkhead::supervisor {

/// One page of the histories below `history_dir`, of one session or of several, merged. Blocks
/// until `until_ns` of the monotonic clock at most, beside what the disk itself takes; each file
/// gets its share of the time, so that a slow or hostile one costs the others nothing.
///
/// A session whose history cannot be read is in `unread`: NotFound for one that has none. The page
/// ends where the first of the others has stopped, so that going on from `next` misses nothing and
/// tells nothing twice. Results are limits::kHistoryPageBytes at most, or one.
[[nodiscard]] HistoryPage read_history_page(const std::filesystem::path& history_dir,
                                            const HistoryQuery& query, std::int64_t until_ns);

/// Takes away what is no longer to be kept where there is no worker that would: files that nobody
/// has written for `max_age_ns` (by the wall clock) and nobody has open, with all that belongs to
/// them; the same for what was set aside, and pictures of that age. Folders stay. The number of
/// histories that are gone.
std::size_t sweep_history(const std::filesystem::path& history_dir, std::int64_t max_age_ns);

}  // namespace bulkhead::supervisor
