#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "ipc/history_file.hpp"
#include "supervisor/access/access_scope.hpp"

namespace bulkhead::supervisor {

/// Which results are wanted. What is said of an object must hold for one and the same object; an
/// event counts as one. Times are of the wall clock, both included.
struct HistoryFilter {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = INT64_MAX;
  std::set<ipc::HistoryKind> kinds = {};  // empty: all
  std::vector<std::string> labels = {};   // one of these; empty: any
  double min_confidence = 0;
  std::optional<std::uint64_t> track = {};
  std::string context = {};    // whose results; empty: anybody's
  std::string zone = {};       // empty: any
  std::string attribute = {};  // its name; empty: any
  std::optional<std::string> attribute_value = {};

  /// Whether only results with an object are wanted.
  [[nodiscard]] bool is_of_objects() const noexcept;
};

/// A place in the order of results, which is by time and then by session. Results that are added
/// later stand before it or behind it, and move nothing.
struct HistoryPosition {
  std::int64_t time_ns = 0;
  std::string session = {};

  bool operator==(const HistoryPosition&) const = default;

  /// For clients, who know nothing of what is in it.
  [[nodiscard]] std::string cursor() const;
  static std::optional<HistoryPosition> from_cursor(const std::string& cursor);
};

enum class HistoryOrder : std::uint8_t { NewestFirst, OldestFirst };

struct HistoryQuery {
  std::vector<SubscriptionId> sessions = {};  // empty: all that there are within `scope`
  AccessScope scope = {};
  HistoryFilter filter = {};
  HistoryOrder order = HistoryOrder::NewestFirst;
  std::size_t limit = limits::kHistoryPage;
  std::optional<HistoryPosition> after = {};  // go on behind this one
  std::string reader = {};                    // who asks: nobody waits behind one who asks much

  /// Whether `one` comes before `other`.
  [[nodiscard]] bool is_before(const HistoryPosition& one, const HistoryPosition& other) const;
};

/// One result that is wanted.
struct HistoryResult {
  HistoryPosition position;
  std::string json;
};

/// A session whose history could not be read, or not in time.
struct UnreadHistory {
  SubscriptionId session;
  Error error;
};

struct HistoryPage {
  std::vector<HistoryResult> results = {};   // in order
  std::optional<HistoryPosition> next = {};  // there may be more, from here on
  std::vector<UnreadHistory> unread = {};
  std::uint64_t skipped = 0;  // rows that no honest worker writes
};

/// What of a message is wanted, whole but for the objects that are not; none where nothing is.
/// `message` is a worker's: anything may be in it.
[[nodiscard]] std::optional<nlohmann::json> wanted_part(nlohmann::json message,
                                                        ipc::HistoryKind kind,
                                                        const HistoryFilter& filter);

/// The keys that a wanted result must have: one of each group. The most telling group first.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> wanted_keys(const HistoryFilter& filter);

}  // namespace bulkhead::supervisor
