#pragma once

#include <cstdint>

#include "common/ids.hpp"
#include "supervisor/session/session_environment.hpp"

namespace bulkhead::supervisor {

/// The generation that new ones must come after where no registry knows the former: it was lost,
/// damaged, or never there, as in a container that is made anew. A place that keeps results takes
/// each once, by session, generation and sequence, so whoever begins at one again has his results
/// taken for known.
///
/// 0 where no place can have results of before: no server is configured as a sink, and no history
/// or spool lies there. Otherwise seconds since 2026, by `wall_ns`: generations are given out
/// slower than one a second in the long run (limits of restarts, kGenerationBlock of the registry a
/// start), so this is past them all. 31 bits of it last until 2094; a clock before 2026 gives 0.
[[nodiscard]] Generation past_unknown_generations(const SessionEnvironment& environment,
                                                  std::int64_t wall_ns);

}  // namespace bulkhead::supervisor
