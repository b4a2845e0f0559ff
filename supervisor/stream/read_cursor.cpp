#include "supervisor/stream/read_cursor.hpp"

#include <algorithm>

namespace bulkhead::supervisor {

void ReadCursor::advance(const OutboxItem& taken) {
  if (taken.session == nullptr || taken.priority == ipc::PriorityClass::Control) return;
  const auto known = positions_.find(taken.session);
  if (known == positions_.end()) return;
  ResultPosition& last =
      taken.priority == ipc::PriorityClass::Critical ? known->second.alert : known->second.result;
  // Frames in which nothing was seen may come after later ones.
  last = std::max(last, {taken.generation, taken.sequence});
}

}  // namespace bulkhead::supervisor
