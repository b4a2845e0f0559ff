#include "worker/sink/history_writer.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/sink_limits.hpp"
#include "common/unique_fd.hpp"
#include "ipc/history_file.hpp"
#include "worker/sink/history_keys.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr int kBusyMs = std::chrono::milliseconds{limits::kHistoryBusyTime}.count();
constexpr int kCacheKib = 1024;
constexpr std::int64_t kStepNs = std::chrono::nanoseconds{limits::kHistoryStepTime}.count();
constexpr std::int64_t kLatestNs = INT64_MAX / 2;

/// Two results of one moment are told apart by as little as a nanosecond; where many claim to be of
/// the same, the next millisecond is tried, and so on.
constexpr int kMomentTries = 16;

SQLite::Database open_database(const fs::path& file) {
  // Made by us first, for SQLite would give it the rights of everybody's files.
  const UniqueFd made{::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!made) throw SQLite::Exception{errno_error(ErrorCode::Io, "open").message, SQLITE_CANTOPEN};
  return {file.string(), SQLite::OPEN_READWRITE, kBusyMs};
}

std::int64_t number_of(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt64();
}

void pragma(SQLite::Database& database, const char* name, std::int64_t value) {
  database.exec("PRAGMA " + std::string{name} + "=" + std::to_string(value));
}

void configure(SQLite::Database& database) {
  if (database.execAndGet("PRAGMA journal_mode=WAL").getString() != "wal") {
    throw SQLite::Exception{"the file system does not allow a write-ahead log", SQLITE_CANTOPEN};
  }
  database.exec("PRAGMA synchronous=NORMAL");
  database.exec("PRAGMA temp_store=MEMORY");
  database.exec("PRAGMA mmap_size=0");  // what another cuts short would be our end
  pragma(database, "cache_size", -kCacheKib);
  pragma(database, "wal_autocheckpoint", limits::kHistoryWalPages);
  pragma(database, "journal_size_limit",
         limits::kHistoryWalPages * number_of(database, "PRAGMA page_size"));
}

/// True: it has nothing in it yet.
bool is_new(SQLite::Database& database) {
  return number_of(database, "SELECT count(*) FROM sqlite_schema") == 0 &&
         number_of(database, "PRAGMA application_id") == 0;
}

void migrate(SQLite::Database& database, std::size_t version, const SubscriptionId& session) {
  SQLite::Transaction transaction{database, SQLite::TransactionBehavior::IMMEDIATE};
  for (std::size_t step = version; step < ipc::kHistorySchema.size(); ++step) {
    database.exec(ipc::kHistorySchema[step].data());
  }
  if (version == 0) {
    SQLite::Statement name{database, "INSERT INTO session(id) VALUES(?)"};
    name.bind(1, session.text());
    name.exec();
    pragma(database, "application_id", ipc::kHistoryApplicationId);
  }
  pragma(database, "user_version", static_cast<std::int64_t>(ipc::kHistorySchema.size()));
  transaction.commit();
}

/// Looks before it changes anything.
HistoryWriter::Fitness prepare(SQLite::Database& database, const SubscriptionId& session) {
  using Fitness = HistoryWriter::Fitness;
  const bool begins = is_new(database);
  if (begins) database.exec("PRAGMA auto_vacuum=INCREMENTAL");  // only before the first table
  if (!begins && number_of(database, "PRAGMA application_id") != ipc::kHistoryApplicationId) {
    return Fitness::Foreign;
  }
  const auto version = static_cast<std::size_t>(
      std::max<std::int64_t>(0, number_of(database, "PRAGMA user_version")));
  if (version > ipc::kHistorySchema.size()) return Fitness::Newer;
  if (!begins &&
      database.execAndGet("SELECT id FROM session LIMIT 1").getString() != session.text()) {
    return Fitness::Foreign;
  }
  configure(database);
  if (version < ipc::kHistorySchema.size()) migrate(database, version, session);
  return Fitness::Fit;
}

std::vector<std::uint32_t> keys_of(std::string_view text, RecordKind kind) {
  const auto message = parse_json(text, JsonComments::Refused);
  return message ? history_keys(*message, kind) : std::vector<std::uint32_t>{};
}

}  // namespace

struct HistoryWriter::Parts {
  Parts(const fs::path& file, const SubscriptionId& session)
      : database{open_database(file)}, fitness{prepare(database, session)} {
    if (fitness == Fitness::Fit) statements.emplace(database);
  }

  struct Statements {
    explicit Statements(SQLite::Database& on)
        : known{on, "SELECT 1 FROM result WHERE generation=? AND sequence=?"},
          keep{on,
               "INSERT OR IGNORE INTO result(time_ns, generation, sequence, kind, class, json)"
               " VALUES(?, ?, ?, ?, ?, ?)"},
          last_within{on, "SELECT max(time_ns) FROM result WHERE time_ns BETWEEN ?1 AND ?2"},
          post{on, "INSERT OR IGNORE INTO posting(key, time_ns) VALUES(?, ?)"},
          oldest{on, "SELECT time_ns, kind, json FROM result ORDER BY time_ns LIMIT 1"},
          drop{on, "DELETE FROM result WHERE time_ns=?"},
          unpost{on, "DELETE FROM posting WHERE key=? AND time_ns=?"},
          pages{on, "PRAGMA page_count"},
          free_pages{on, "PRAGMA freelist_count"},
          page_bytes{static_cast<std::uint64_t>(number_of(on, "PRAGMA page_size"))} {}

    SQLite::Statement known;
    SQLite::Statement keep;
    SQLite::Statement last_within;
    SQLite::Statement post;
    SQLite::Statement oldest;
    SQLite::Statement drop;
    SQLite::Statement unpost;
    SQLite::Statement pages;
    SQLite::Statement free_pages;
    std::uint64_t page_bytes;
  };

  SQLite::Database database;
  Fitness fitness;
  std::optional<Statements> statements;  // where it is fit

  [[nodiscard]] bool is_known(const SinkRecord& record);
  void keep(const KeyedRecord& keyed);
  bool try_keep(const SinkRecord& record, std::int64_t moment);
  [[nodiscard]] std::uint64_t used_bytes();
  bool drop_oldest(const HistoryBounds& bounds, std::int64_t now_ns);
  [[nodiscard]] bool is_past(std::int64_t moment, const HistoryBounds& bounds,
                             std::int64_t now_ns) {
    return moment < now_ns - bounds.max_age_ns || used_bytes() > bounds.max_bytes;
  }
  static std::int64_t run_for_number(SQLite::Statement& statement) {
    statement.tryReset();
    const std::int64_t number = statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
    statement.tryReset();
    return number;
  }
};

bool HistoryWriter::Parts::is_known(const SinkRecord& record) {
  statements->known.tryReset();
  statements->known.bind(1, record.generation);
  statements->known.bind(2, static_cast<std::int64_t>(record.sequence));
  const bool found = statements->known.executeStep();
  statements->known.tryReset();
  return found;
}

bool HistoryWriter::Parts::try_keep(const SinkRecord& record, std::int64_t moment) {
  SQLite::Statement& keep = statements->keep;
  keep.tryReset();
  keep.bind(1, moment);
  keep.bind(2, record.generation);
  keep.bind(3, static_cast<std::int64_t>(record.sequence));
  keep.bind(4, static_cast<int>(record.kind));
  keep.bind(5, static_cast<int>(record.priority));
  keep.bindNoCopy(6, record.json);
  const bool kept = keep.exec() == 1;
  keep.tryReset();
  return kept;
}

void HistoryWriter::Parts::keep(const KeyedRecord& keyed) {
  const SinkRecord& record = *keyed.record;
  if (is_known(record)) return;
  std::int64_t moment = std::clamp<std::int64_t>(record.time_ns, 0, kLatestNs);
  for (int tries = 1; !try_keep(record, moment); ++tries) {
    if (tries == kMomentTries) {
      throw SQLite::Exception{"too many results claim to be of one moment", SQLITE_CONSTRAINT};
    }
    SQLite::Statement& last = statements->last_within;
    last.tryReset();
    last.bind(1, moment);
    last.bind(2, moment + kNsPerMs - 1);
    moment = run_for_number(last) + 1;
  }
  SQLite::Statement& post = statements->post;
  for (const std::uint32_t key : keyed.keys) {
    post.tryReset();
    post.bind(1, static_cast<std::int64_t>(key));
    post.bind(2, moment);
    post.exec();
  }
  post.tryReset();
}

std::uint64_t HistoryWriter::Parts::used_bytes() {
  const std::int64_t pages =
      run_for_number(statements->pages) - run_for_number(statements->free_pages);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(pages, 0)) * statements->page_bytes;
}

/// False: there is none that is past the bounds.
bool HistoryWriter::Parts::drop_oldest(const HistoryBounds& bounds, std::int64_t now_ns) {
  SQLite::Statement& oldest = statements->oldest;
  oldest.tryReset();
  if (!oldest.executeStep()) return false;
  const std::int64_t moment = oldest.getColumn(0).getInt64();
  if (!is_past(moment, bounds, now_ns)) {
    oldest.tryReset();
    return false;
  }
  const auto kind = static_cast<RecordKind>(oldest.getColumn(1).getInt());
  const std::vector<std::uint32_t> keys = keys_of(oldest.getColumn(2).getString(), kind);
  oldest.tryReset();
  for (const std::uint32_t key : keys) {
    statements->unpost.tryReset();
    statements->unpost.bind(1, static_cast<std::int64_t>(key));
    statements->unpost.bind(2, moment);
    statements->unpost.exec();
  }
  statements->unpost.tryReset();
  statements->drop.tryReset();
  statements->drop.bind(1, moment);
  statements->drop.exec();
  statements->drop.tryReset();
  return true;
}

HistoryWriter::HistoryWriter(const fs::path& file, const SubscriptionId& session)
    : parts_{std::make_unique<Parts>(file, session)} {}

HistoryWriter::~HistoryWriter() = default;

HistoryWriter::Fitness HistoryWriter::fitness() const noexcept { return parts_->fitness; }

void HistoryWriter::write(std::span<const KeyedRecord> batch) {
  SQLite::Transaction transaction{parts_->database, SQLite::TransactionBehavior::IMMEDIATE};
  for (const KeyedRecord& keyed : batch) parts_->keep(keyed);
  transaction.commit();
}

std::size_t HistoryWriter::retain(const HistoryBounds& bounds, std::size_t written) {
  const std::int64_t now_ns = wall_ns();
  SQLite::Statement& oldest = parts_->statements->oldest;
  oldest.tryReset();
  const bool due =
      oldest.executeStep() && parts_->is_past(oldest.getColumn(0).getInt64(), bounds, now_ns);
  oldest.tryReset();
  if (!due) return 0;
  const std::int64_t until = monotonic_ns() + kStepNs;
  const std::size_t at_least = 2 * written;
  const std::size_t at_most = limits::kHistoryStepRows + at_least;
  std::size_t dropped = 0;
  SQLite::Transaction transaction{parts_->database, SQLite::TransactionBehavior::IMMEDIATE};
  while (dropped < at_most && (dropped < at_least || monotonic_ns() < until) &&
         parts_->drop_oldest(bounds, now_ns)) {
    ++dropped;
  }
  transaction.commit();
  // Pages that are free are used again; only where there are many has the file become too large.
  if (Parts::run_for_number(parts_->statements->free_pages) > 4 * limits::kHistoryStepPages) {
    parts_->database.exec("PRAGMA incremental_vacuum(" + std::to_string(limits::kHistoryStepPages) +
                          ")");
  }
  return dropped;
}

}  // namespace bulkhead::worker
