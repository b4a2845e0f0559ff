#include "supervisor/history/history_reader.hpp"
#include "common/sink_limits.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "supervisor/history/untrusted_vfs.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr int kStepsBetweenLooks = 1000;  // of SQLite's machine, at its deadline
constexpr int kLengthBytes = 2 * limits::kJsonBytes;

int is_over(void*) { return ReadDeadline::is_over() ? 1 : 0; }

void limit(sqlite3* handle, int what, int most) { sqlite3_limit(handle, what, most); }

/// Before anything of the file is read.
void restrain(SQLite::Database& database) {
  sqlite3* handle = database.getHandle();
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  limit(handle, SQLITE_LIMIT_LENGTH, kLengthBytes);
  limit(handle, SQLITE_LIMIT_SQL_LENGTH, 16 * 1024);
  limit(handle, SQLITE_LIMIT_COLUMN, 32);
  limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 32);
  limit(handle, SQLITE_LIMIT_VDBE_OP, 25'000);
  limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
  limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
  sqlite3_progress_handler(handle, kStepsBetweenLooks, is_over, nullptr);
  database.exec("PRAGMA locking_mode=EXCLUSIVE");
  database.exec("PRAGMA cell_size_check=ON");
  database.exec("PRAGMA mmap_size=0");
  database.exec("PRAGMA temp_store=MEMORY");
  database.exec("PRAGMA query_only=ON");
  database.exec("PRAGMA cache_size=-" + std::to_string(limits::kHistoryCacheKib));
}

Error corrupt(const std::string& why) {
  return {ErrorCode::Corrupt, "the history cannot be read: " + why, {}};
}

Error error_of(const SQLite::Exception& failure) {
  if (ReadDeadline::is_over()) {
    return {ErrorCode::Timeout, "the history was not read in time; ask for less", {}};
  }
  switch (failure.getErrorCode() & 0xff) {
    case SQLITE_NOMEM:
      return {ErrorCode::OutOfMemory, "there is no memory for reading the history", {}};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {ErrorCode::Io, std::string{"the history cannot be read: "} + failure.what(), {}};
    default:
      return corrupt(failure.what());
  }
}

/// Exactly what our steps make, up to the version: whatever else there is, nobody of ours made it.
Result<> check_schema(SQLite::Database& database) {
  if (database.execAndGet("PRAGMA application_id").getInt() != ipc::kHistoryApplicationId) {
    return corrupt("it is none of ours");
  }
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version > static_cast<int>(ipc::kHistorySchema.size())) {
    return Error{ErrorCode::VersionMismatch, "the history was written by a newer Bulkhead", {}};
  }
  // Its worker brings it up to date when it opens it.
  if (version != static_cast<int>(ipc::kHistorySchema.size())) return corrupt("it is unfinished");
  std::multiset<std::string> made;
  SQLite::Statement rows{database, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 10"};
  while (rows.executeStep()) made.insert(rows.getColumn(0).getString());
  if (made != std::multiset<std::string>(ipc::kHistorySchema.begin(), ipc::kHistorySchema.end())) {
    return corrupt("its schema is not ours");
  }
  return {};
}

/// The moments of results that have one of `keys`, or of all where there is none, in order.
std::string moments_query(std::size_t keys, HistoryOrder order) {
  std::string query;
  if (keys == 0) query = "SELECT time_ns FROM result WHERE time_ns BETWEEN ?1 AND ?2";
  for (std::size_t i = 0; i < keys; ++i) {
    query += i == 0 ? "" : " UNION ";
    query += "SELECT time_ns FROM posting WHERE key=?" + std::to_string(i + 3) +
             " AND time_ns BETWEEN ?1 AND ?2";
  }
  return query + " ORDER BY time_ns" + (order == HistoryOrder::NewestFirst ? " DESC" : "");
}

struct Span {
  std::int64_t from_ns;
  std::int64_t to_ns;
};

/// The moments that this file's session may have behind `query.after`.
Span span_of(const HistoryQuery& query, const SubscriptionId& session) {
  Span span{.from_ns = query.filter.from_ns, .to_ns = query.filter.to_ns};
  if (!query.after) return span;
  const bool has_same_moment_behind = session.text() > query.after->session;
  const std::int64_t moment = query.after->time_ns;
  if (query.order == HistoryOrder::NewestFirst) {
    span.to_ns = std::min(span.to_ns, has_same_moment_behind ? moment : moment - 1);
  } else {
    span.from_ns =
        std::max(span.from_ns, has_same_moment_behind || moment == INT64_MAX ? moment : moment + 1);
  }
  return span;
}

bool is_of(const json& message, const SubscriptionId& session) {
  if (!message.is_object()) return false;
  const auto named = message.find("session");
  return named != message.end() && *named == session.text();
}

bool is_kind(std::int64_t number) {
  return number >= static_cast<int>(ipc::HistoryKind::Detection) &&
         number <= static_cast<int>(ipc::HistoryKind::Gap);
}

}  // namespace

struct HistoryReader::Parts {
  Parts(StillHistory held, const std::filesystem::path& file)
      : still{std::move(held)}, database{file.string(), SQLite::OPEN_READONLY, 0, kUntrustedVfs} {
    restrain(database);
  }

  StillHistory still;
  SQLite::Database database;
  std::optional<SubscriptionId> session = {};

  Result<> identify();
  Result<HistoryScan> scan(const HistoryQuery& query, const HistoryBudget& budget);
  [[nodiscard]] bool has_one_of(SQLite::Statement& posted, const std::vector<std::uint32_t>& keys,
                                std::int64_t moment);
  void read_one(SQLite::Statement& row, std::int64_t moment, const HistoryFilter& filter,
                HistoryScan& into);
};

Result<> HistoryReader::Parts::identify() {
  if (auto ours = check_schema(database); !ours) return ours;
  SQLite::Statement names{database, "SELECT id FROM session LIMIT 1"};
  if (!names.executeStep()) return corrupt("it does not say whose it is");
  const auto id = SubscriptionId::parse(names.getColumn(0).getString());
  if (!id) return corrupt("it does not say whose it is");
  session = *id;
  return {};
}

bool HistoryReader::Parts::has_one_of(SQLite::Statement& posted,
                                      const std::vector<std::uint32_t>& keys, std::int64_t moment) {
  return std::ranges::any_of(keys, [&](std::uint32_t key) {
    posted.tryReset();
    posted.bind(1, static_cast<std::int64_t>(key));
    posted.bind(2, moment);
    return posted.executeStep();
  });
}

/// Text that is no result is skipped and counted: one bad row shall not hide the others.
void HistoryReader::Parts::read_one(SQLite::Statement& row, std::int64_t moment,
                                    const HistoryFilter& filter, HistoryScan& into) {
  row.tryReset();
  row.bind(1, moment);
  try {
    if (!row.executeStep()) return;
  } catch (const SQLite::Exception& failure) {
    if ((failure.getErrorCode() & 0xff) != SQLITE_TOOBIG) throw;
    ++into.skipped;
    return;
  }
  const SQLite::Column text = row.getColumn(1);
  const std::int64_t kind = row.getColumn(0).getInt64();
  const auto message = is_kind(kind) && text.isText()
                           ? parse_json(text.getString(), JsonComments::Refused)
                           : Result<json>{corrupt("no text")};
  if (!message || !is_of(*message, *session)) {
    ++into.skipped;
    return;
  }
  if (auto part = wanted_part(*message, static_cast<ipc::HistoryKind>(kind), filter)) {
    into.results.push_back(
        {.position = {.time_ns = moment, .session = session->text()}, .json = part->dump()});
  }
}

Result<HistoryScan> HistoryReader::Parts::scan(const HistoryQuery& query,
                                               const HistoryBudget& budget) {
  HistoryScan scan;
  const Span span = span_of(query, *session);
  const auto groups = wanted_keys(query.filter);
  const std::vector<std::uint32_t> first =
      groups.empty() ? std::vector<std::uint32_t>{} : groups.front();
  SQLite::Statement moments{database, moments_query(first.size(), query.order)};
  moments.bind(1, span.from_ns);
  moments.bind(2, span.to_ns);
  for (std::size_t i = 0; i < first.size(); ++i) {
    moments.bind(static_cast<int>(i) + 3, static_cast<std::int64_t>(first[i]));
  }
  SQLite::Statement posted{database, "SELECT 1 FROM posting WHERE key=? AND time_ns=?"};
  SQLite::Statement row{database, "SELECT kind, json FROM result WHERE time_ns=?"};
  std::size_t scanned = 0;
  std::size_t bytes = 0;
  HistoryPosition last;
  try {
    while (moments.executeStep()) {
      const std::int64_t moment = moments.getColumn(0).getInt64();
      // A tree that was tampered with could lead anywhere, and hold up other sessions' results.
      if (!moments.getColumn(0).isInteger() || moment < span.from_ns || moment > span.to_ns ||
          (scanned > 0 && !query.is_before(last, {moment, session->text()}))) {
        return corrupt("it is not in order");
      }
      const bool fits =
          std::all_of(groups.begin() + (groups.empty() ? 0 : 1), groups.end(),
                      [&](const auto& keys) { return has_one_of(posted, keys, moment); });
      const std::size_t before = scan.results.size();
      if (fits) read_one(row, moment, query.filter, scan);
      if (scan.results.size() > before) bytes += scan.results.back().json.size();
      last = {.time_ns = moment, .session = session->text()};
      ++scanned;
      if (scan.results.size() >= budget.results || scanned >= budget.scanned ||
          bytes >= budget.bytes) {
        scan.stopped_at = last;
        break;
      }
    }
  } catch (const SQLite::Exception& failure) {
    // In the middle of it: what was found stands, and it can be gone on from there.
    if (!ReadDeadline::is_over() || scanned == 0) return error_of(failure);
    scan.stopped_at = last;
  }
  return scan;
}

HistoryReader::HistoryReader(std::unique_ptr<Parts> parts) noexcept : parts_{std::move(parts)} {}
HistoryReader::~HistoryReader() = default;
HistoryReader::HistoryReader(HistoryReader&&) noexcept = default;
HistoryReader& HistoryReader::operator=(HistoryReader&&) noexcept = default;

const SubscriptionId& HistoryReader::session() const noexcept { return *parts_->session; }

Result<HistoryReader> HistoryReader::open(const std::filesystem::path& file,
                                          std::int64_t until_ns) {
  if (!register_untrusted_vfs()) return Error{ErrorCode::Internal, "SQLite has no VFS", {}};
  const ReadDeadline deadline{until_ns};
  auto still = StillHistory::hold(file);
  if (!still) return still.error();
  try {
    auto parts = std::make_unique<Parts>(*std::move(still), file);
    if (const auto known = parts->identify(); !known) return known.error();
    return HistoryReader{std::move(parts)};
  } catch (const SQLite::Exception& failure) {
    return error_of(failure);
  }
}

Result<HistoryScan> HistoryReader::scan(const HistoryQuery& query, const HistoryBudget& budget) {
  const ReadDeadline deadline{budget.until_ns};
  try {
    auto scan = parts_->scan(query, budget);
    if (!parts_->still.was_still()) {
      return Error{ErrorCode::Unavailable, "the history has changed hands; try again", {}};
    }
    return scan;
  } catch (const SQLite::Exception& failure) {
    return error_of(failure);
  }
}

}  // namespace bulkhead::supervisor
