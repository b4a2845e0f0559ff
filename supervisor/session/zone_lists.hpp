#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

/// Names of zones by the bits of an object, shared by all results that came under them; null: none.
using ZoneNames = std::shared_ptr<const std::vector<std::string>>;

/// The zones that one worker has had, so that a result is told with the names of its own time: a
/// change overtakes results that still wait in their ring.
///
/// The latest limits::kZoneListsKept; a result older than all of them is told without zones. Owned
/// by Incarnation.
class ZoneLists {
 public:
  struct Kept {
    Sequence since;  // records that come after this one
    ZoneNames names;
  };

  void take(Sequence since, std::vector<std::string> names) {
    lists_.push_back({since, std::make_shared<const std::vector<std::string>>(std::move(names))});
    if (lists_.size() > limits::kZoneListsKept) lists_.pop_front();
  }

  /// Of a record of the worker.
  [[nodiscard]] ZoneNames of(Sequence sequence) const {
    for (auto kept = lists_.rbegin(); kept != lists_.rend(); ++kept) {
      if (kept->since < sequence) return kept->names;
    }
    return nullptr;
  }

  [[nodiscard]] const std::deque<Kept>& kept() const noexcept { return lists_; }

 private:
  std::deque<Kept> lists_;
};

}  // namespace bulkhead::supervisor
