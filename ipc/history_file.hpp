#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "common/ids.hpp"

namespace bulkhead::ipc {

// The history of one session on disk: an SQLite file that its worker writes (worker/sink) and the
// supervisor reads (supervisor/history). What both must agree on.

/// In the file's header, so that nobody takes another database for one ("BkHi").
inline constexpr std::int32_t kHistoryApplicationId = 0x426b4869;

/// One step a version, which is `user_version`: a file of an older one gets those it lacks. Who
/// reads takes no file with anything else in its schema.
///
/// `session` has one row, whose history this is. `result` has one for each that is kept. Its
/// `time_ns` is when the frame was taken, moved by as little as it takes to be the only one: so the
/// table is in the order of time and needs no other index for it. `posting` says which results hold
/// something (`history_key`); what a key stands for is read in the result itself, so that two texts
/// of the same key cost a look and no wrong answer.
inline constexpr std::array<std::string_view, 3> kHistorySchema{
    "CREATE TABLE session(id TEXT NOT NULL)",
    "CREATE TABLE result(time_ns INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, kind INTEGER NOT NULL, class INTEGER NOT NULL,"
    " json TEXT NOT NULL, UNIQUE(generation, sequence))",
    "CREATE TABLE posting(key INTEGER NOT NULL, time_ns INTEGER NOT NULL,"
    " PRIMARY KEY(key, time_ns)) WITHOUT ROWID"};

/// `result.kind`. Written to disk, so values are never reused.
enum class HistoryKind : std::uint8_t { Detection = 1, Event = 2, Gap = 3 };

/// What a result can be found by. Part of the key, so values are never reused.
enum class HistoryTerm : std::uint8_t {
  Label = 1,
  Track = 2,           // its number in decimal
  Zone = 3,            // its name
  Attribute = 4,       // its name
  AttributeValue = 5,  // its name and its label
  Kind = 6,            // the number of the kind; of all but detections, which are too many
  Context = 7,         // whose it is
};

/// The key of one term, FNV-1a over its kind and texts. `second` is a value of an attribute.
[[nodiscard]] std::uint32_t history_key(HistoryTerm term, std::string_view first,
                                        std::string_view second = {}) noexcept;

/// A folder of its own for each session, named as its log is, so that a worker can be confined to
/// it: SQLite makes further files beside the database. Two sessions that share a name are refused.
[[nodiscard]] std::filesystem::path history_folder(const std::filesystem::path& history_dir,
                                                   const SubscriptionId& session);

inline constexpr const char* kHistoryFileName = "results.db";

/// What could not be read, or is of another session, is set aside under this name, the last one.
inline constexpr const char* kHistoryAsideName = "results.db.aside";

}  // namespace bulkhead::ipc
