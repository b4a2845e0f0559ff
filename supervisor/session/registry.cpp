#include "supervisor/session/registry.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <spdlog/logger.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/rotating_log.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Generation kGenerationBlock = 8;
constexpr int kBusyMs = 1000;  // there is one supervisor; an operator may look with sqlite3

/// One step a version: a file of an older one gets those it lacks.
using Schema = std::span<const char* const>;

constexpr std::array kRegistrySchema{
    "CREATE TABLE session(id TEXT PRIMARY KEY, spec TEXT NOT NULL, secret INTEGER NOT NULL,"
    " changed TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"};
// AUTOINCREMENT: a number is never used again, or a row could name a secret that is not its own.
constexpr std::array kSecretsSchema{
    "CREATE TABLE secret(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)"};

bool is_damage(const SQLite::Exception& error) {
  return error.getErrorCode() == SQLITE_CORRUPT || error.getErrorCode() == SQLITE_NOTADB;
}

Error io_error(const std::string& what, const std::exception& cause) {
  return {ErrorCode::Io, what + ": " + cause.what(), {}};
}

/// Throws SQLite::Exception, as all of its kind below do.
SQLite::Database open_database(const fs::path& file, Schema schema) {
  // Made by us first, for SQLite would give it the rights of everybody's files.
  UniqueFd made{::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600)};
  made.reset();
  SQLite::Database database{file.string(), SQLite::OPEN_READWRITE, kBusyMs};
  if (database.execAndGet("PRAGMA quick_check(1)").getString() != "ok") {
    throw SQLite::Exception{"quick_check", SQLITE_CORRUPT};
  }
  database.exec("PRAGMA journal_mode=WAL");
  database.exec("PRAGMA synchronous=FULL");
  database.exec("PRAGMA secure_delete=ON");
  const auto version =
      static_cast<std::size_t>(std::max(0, database.execAndGet("PRAGMA user_version").getInt()));
  if (version > schema.size()) {
    throw SQLite::Exception{"it was written by a newer Bulkhead", SQLITE_CANTOPEN};
  }
  if (version < schema.size()) {
    SQLite::Transaction transaction{database};
    for (const char* step : schema.subspan(version)) database.exec(step);
    database.exec("PRAGMA user_version=" + std::to_string(schema.size()));
    transaction.commit();
  }
  return database;
}

/// What is damaged is kept for who can read it, with the files that belong to it.
void set_aside(const fs::path& file, std::vector<std::string>& problems) {
  const std::string suffix = ".damaged-" + std::to_string(wall_ns() / kNsPerSecond);
  std::error_code ignored;
  for (const char* part : {"", "-wal", "-shm"}) {
    fs::rename(file.string() + part, file.string() + suffix + part, ignored);
  }
  problems.push_back(file.string() + " is damaged and was set aside as " +
                     file.filename().string() + suffix + "; sessions it held must be added again");
}

SQLite::Database open_or_replace(const fs::path& file, Schema schema,
                                 std::vector<std::string>& problems) {
  try {
    return open_database(file, schema);
  } catch (const SQLite::Exception& error) {
    if (!is_damage(error)) throw;
  }
  set_aside(file, problems);
  return open_database(file, schema);
}

/// The members of a spec's JSON that are kept apart.
json secret_part(const SessionSpec& spec) {
  const json kept = spec.to_json(SessionSpec::Secrets::Kept);
  json secret{{"rtspUrl", kept.at("rtspUrl")}};
  if (kept.contains("credentials")) secret["credentials"] = kept.at("credentials");
  return secret;
}

json open_part(const SessionSpec& spec) {
  json open = spec.to_json(SessionSpec::Secrets::Hidden);
  // A name is looked up again at the next start: its file may have been changed by then. The whole
  // pipeline beside it is for when the file is gone.
  open["pipelineName"] = spec.pipeline_name;
  return open;
}

Result<SessionSpec> read_spec(const std::string& open_text, const std::string& secret_text) {
  auto open = parse_json(open_text, JsonComments::Refused);
  if (!open) return open.error();
  const auto secret = parse_json(secret_text, JsonComments::Refused);
  if (!secret) return secret.error();
  if (!open->is_object() || !secret->is_object()) {
    return Error{ErrorCode::Corrupt, "no JSON object", {}};
  }
  std::string name;
  if (const auto found = open->find("pipelineName"); found != open->end()) {
    if (found->is_string()) name = found->get<std::string>();
    open->erase(found);
  }
  open->update(*secret);
  auto spec = SessionSpec::from_json(*open, "session");
  if (spec) spec->pipeline_name = name;
  return spec;
}

}  // namespace

struct Registry::Parts {
  Parts(boost::asio::io_context& answers, const fs::path& folder,
        std::shared_ptr<spdlog::logger> logger)
      : loop{answers},
        log{std::move(logger)},
        sessions{open_or_replace(folder / "registry.db", kRegistrySchema, problems)},
        secrets{open_or_replace(folder / "secrets.db", kSecretsSchema, problems)} {}

  boost::asio::io_context& loop;
  std::shared_ptr<spdlog::logger> log;
  std::vector<std::string> problems;
  // Used by the thread of `disk` once `load` is over.
  SQLite::Database sessions;
  SQLite::Database secrets;
  boost::asio::thread_pool disk{1};
  Generation reserved = 0;  // of the loop

  Generation reserved_generation();
  void reserve_generations(Generation last);
  void write(const std::string& id, const std::string& open, const std::string& secret);
  bool remove(const std::string& id);
  std::vector<std::string> remove_others(const json& kept);

  /// Takes away secrets that no session names: of changes that a crash cut in two.
  void sweep(const json& named);

  /// Carries `change` out on the disk's thread and answers on the loop.
  template <class Value, class Change>
  void carry_out(Change change, std::function<void(Result<Value>)> done) {
    boost::asio::post(disk, [this, change = std::move(change), done = std::move(done),
                             work = boost::asio::make_work_guard(loop)]() mutable {
      auto outcome = attempt<Value>(change);
      boost::asio::post(loop,
                        [done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
    });
  }

  template <class Value, class Change>
  Result<Value> attempt(const Change& change) {
    try {
      return change(*this);
    } catch (const std::exception& error) {
      Error failed = io_error("the registry could not be written", error);
      if (log) log->error("{}", log_value(failed.message));
      return failed;
    }
  }
};

Generation Registry::Parts::reserved_generation() {
  SQLite::Statement read{sessions, "SELECT value FROM counter WHERE name='generation'"};
  return read.executeStep() ? read.getColumn(0).getUInt() : 0;
}

void Registry::Parts::reserve_generations(Generation last) {
  SQLite::Statement reserve{sessions,
                            "INSERT INTO counter(name, value) VALUES('generation', ?1)"
                            " ON CONFLICT(name) DO UPDATE SET value=max(value, ?1)"};
  reserve.bind(1, last);
  reserve.exec();
}

void Registry::Parts::write(const std::string& id, const std::string& open,
                            const std::string& secret) {
  SQLite::Statement keep{secrets, "INSERT INTO secret(text) VALUES(?)"};
  keep.bind(1, secret);
  keep.exec();
  const std::int64_t number = secrets.getLastInsertRowid();
  SQLite::Statement former{sessions, "SELECT secret FROM session WHERE id=?"};
  former.bind(1, id);
  const bool replaces = former.executeStep();
  const std::int64_t former_number = replaces ? former.getColumn(0).getInt64() : 0;
  former.reset();
  SQLite::Statement put{sessions,
                        "INSERT OR REPLACE INTO session(id, spec, secret, changed)"
                        " VALUES(?, ?, ?, ?)"};
  put.bind(1, id);
  put.bind(2, open);
  put.bind(3, number);
  put.bind(4, iso8601_utc(wall_ns()));
  put.exec();
  if (!replaces) return;
  SQLite::Statement forget{secrets, "DELETE FROM secret WHERE id=?"};
  forget.bind(1, former_number);
  forget.exec();
}

void Registry::Parts::sweep(const json& named) {
  SQLite::Statement unnamed{secrets,
                            "DELETE FROM secret WHERE id NOT IN (SELECT value FROM json_each(?))"};
  unnamed.bind(1, named.dump());
  unnamed.exec();
}

bool Registry::Parts::remove(const std::string& id) {
  SQLite::Statement erase{sessions, "DELETE FROM session WHERE id=? RETURNING secret"};
  erase.bind(1, id);
  if (!erase.executeStep()) return false;
  const std::int64_t number = erase.getColumn(0).getInt64();
  erase.executeStep();  // the statement is done, and with it the change
  SQLite::Statement forget{secrets, "DELETE FROM secret WHERE id=?"};
  forget.bind(1, number);
  forget.exec();
  return true;
}

std::vector<std::string> Registry::Parts::remove_others(const json& kept) {
  std::vector<std::string> others;
  {
    SQLite::Statement named{sessions,
                            "SELECT id FROM session WHERE id NOT IN"
                            " (SELECT value FROM json_each(?)) ORDER BY id"};
    named.bind(1, kept.dump());
    while (named.executeStep()) others.push_back(named.getColumn(0).getString());
  }
  for (const std::string& id : others) remove(id);
  return others;
}

Result<std::unique_ptr<Registry>> Registry::open(boost::asio::io_context& loop,
                                                 const fs::path& state_dir,
                                                 std::shared_ptr<spdlog::logger> log) {
  try {
    return std::unique_ptr<Registry>{
        new Registry{std::make_unique<Parts>(loop, state_dir, std::move(log))}};
  } catch (const std::exception& error) {
    return io_error("the registry in " + state_dir.string() + " cannot be opened", error);
  }
}

Registry::Registry(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

Registry::~Registry() { parts_->disk.join(); }

Registry::Loaded Registry::load() {
  Loaded loaded{.sessions = {}, .problems = std::exchange(parts_->problems, {})};
  const bool nothing_lost = loaded.problems.empty();
  std::vector<std::int64_t> named;
  std::vector<std::string> without_secret;
  try {
    SQLite::Statement rows{parts_->sessions, "SELECT id, spec, secret FROM session ORDER BY id"};
    SQLite::Statement secret{parts_->secrets, "SELECT text FROM secret WHERE id=?"};
    while (rows.executeStep()) {
      const std::string id = rows.getColumn(0).getString();
      const std::int64_t number = rows.getColumn(2).getInt64();
      named.push_back(number);
      secret.reset();
      secret.bind(1, number);
      if (!secret.executeStep()) {
        loaded.problems.push_back("session " + id +
                                  ": its address is not in secrets.db; add it again");
        without_secret.push_back(id);
        continue;
      }
      auto spec = read_spec(rows.getColumn(1).getString(), secret.getColumn(0).getString());
      if (spec) {
        loaded.sessions.push_back(std::move(*spec));
      } else {
        loaded.problems.push_back("session " + id + " cannot be read: " + spec.error().message);
      }
    }
    secret.reset();
    rows.reset();
    // A new secrets.db counts from 1 again: nobody may name a number that another will get.
    for (const std::string& id : without_secret) {
      SQLite::Statement unname{parts_->sessions, "UPDATE session SET secret=0 WHERE id=?"};
      unname.bind(1, id);
      unname.exec();
    }
    // Where the registry was set aside, its secrets are still worth something to who can read it.
    if (nothing_lost) parts_->sweep(named);
  } catch (const std::exception& error) {
    loaded.problems.push_back(io_error("the registry cannot be read", error).message);
  }
  std::ranges::stable_sort(loaded.sessions, std::ranges::greater{}, &SessionSpec::priority);
  return loaded;
}

Generation Registry::begin_generations(Generation if_unknown) {
  const auto former = parts_->attempt<Generation>([&](Parts& parts) -> Result<Generation> {
    const Generation reserved = parts.reserved_generation();
    const Generation known = reserved != 0 ? reserved : if_unknown;
    parts.reserve_generations(known + kGenerationBlock);
    return known;
  });
  const Generation last = former ? *former : if_unknown;
  parts_->reserved = last + kGenerationBlock;
  return last;
}

void Registry::use_generation(Generation generation) {
  if (generation + kGenerationBlock / 2 < parts_->reserved) return;
  parts_->reserved = generation + kGenerationBlock;
  parts_->carry_out<void>(
      [last = parts_->reserved](Parts& parts) -> Result<> {
        parts.reserve_generations(last);
        return {};
      },
      [](const Result<>&) {});
}

void Registry::put(const SessionSpec& spec, std::function<void(Result<>)> done) {
  parts_->carry_out<void>(
      [id = spec.id.text(), open = open_part(spec).dump(),
       secret = secret_part(spec).dump()](Parts& parts) -> Result<> {
        parts.write(id, open, secret);
        return {};
      },
      std::move(done));
}

bool Registry::flush(std::chrono::milliseconds limit) {
  // Carried out in order: once this has had its turn, all before it has.
  auto reached = std::make_shared<std::promise<void>>();
  auto done = reached->get_future();
  boost::asio::post(parts_->disk, [reached] { reached->set_value(); });
  return done.wait_for(limit) == std::future_status::ready;
}

void Registry::erase(const SubscriptionId& id, std::function<void(Result<bool>)> done) {
  parts_->carry_out<bool>(
      [id = id.text()](Parts& parts) -> Result<bool> { return parts.remove(id); }, std::move(done));
}

void Registry::erase_others(const std::set<SubscriptionId>& kept,
                            std::function<void(Result<std::vector<std::string>>)> done) {
  json names = json::array();
  for (const SubscriptionId& id : kept) names.push_back(id.text());
  parts_->carry_out<std::vector<std::string>>(
      [names = std::move(names)](Parts& parts) -> Result<std::vector<std::string>> {
        return parts.remove_others(names);
      },
      std::move(done));
}

}  // namespace bulkhead::supervisor
