#include "worker/sink/sqlite_sink.hpp"

#include <SQLiteCpp/Exception.h>
#include <spdlog/logger.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/json_fields.hpp"
#include "common/rotating_log.hpp"
#include "ipc/history_file.hpp"
#include "worker/sink/history_keys.hpp"
#include "worker/sink/sqlite_error.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

std::string name_of(const SinkRecord& record) {
  return "result " + std::to_string(record.generation) + "/" + std::to_string(record.sequence);
}

/// What of the batch takes room. InvalidParams names the record that cannot be kept.
Result<std::vector<KeyedRecord>> keyed(std::span<const SinkRecord> batch) {
  std::vector<KeyedRecord> read;
  read.reserve(batch.size());
  for (const SinkRecord& record : batch) {
    const auto message = parse_json(record.json, JsonComments::Refused);
    if (!message) {
      return Error{ErrorCode::InvalidParams, name_of(record) + ": " + message.error().message,
                   "json"};
    }
    if (!message->is_object()) {
      return Error{ErrorCode::InvalidParams, name_of(record) + ": is no JSON object", "json"};
    }
    if (record.sequence > static_cast<Sequence>(INT64_MAX)) {
      return Error{ErrorCode::InvalidParams, name_of(record) + ": the sequence is out of range",
                   "sequence"};
    }
    if (!is_worth_keeping(*message, record.kind)) continue;
    read.push_back({.record = &record, .keys = history_keys(*message, record.kind)});
  }
  return read;
}

}  // namespace

SqliteSink::SqliteSink(SqliteSinkOptions options)
    : options_{std::move(options)}, file_{options_.folder / ipc::kHistoryFileName} {}

SqliteSink::~SqliteSink() = default;

std::optional<SqliteSink::FileId> SqliteSink::file_id() const {
  struct stat status {};
  if (::lstat(file_.c_str(), &status) != 0) return std::nullopt;
  return FileId{.device = status.st_dev, .inode = status.st_ino};
}

/// Closes it: the next call of open() begins afresh.
Result<> SqliteSink::fail(Error error) {
  writer_.reset();
  if (options_.log) options_.log->error("history: {}", log_value(error.message));
  return error;
}

Result<> SqliteSink::set_aside(std::string_view why) {
  writer_.reset();
  const fs::path aside = options_.folder / ipc::kHistoryAsideName;
  std::error_code failed;
  fs::rename(file_, aside, failed);
  if (failed) {
    return fail({ErrorCode::Io, file_.string() + " cannot be set aside: " + failed.message(), {}});
  }
  for (const char* part : {"-wal", "-shm"}) {
    fs::rename(file_.string() + part, aside.string() + part, failed);
    if (failed) fs::remove(aside.string() + part, failed);  // of the one before
  }
  if (options_.log) {
    options_.log->error("history: {} {} and was set aside as {}; it begins anew",
                        log_value(file_.string()), why, aside.filename().string());
  }
  return {};
}

Result<> SqliteSink::try_open() {
  try {
    writer_ = std::make_unique<HistoryWriter>(file_, options_.session);
    opened_ = file_id();
    return {};
  } catch (const SQLite::Exception& failure) {
    is_damaged_ = is_damage(failure);
    return error_of(file_.string() + " cannot be opened", failure);
  }
}

Result<> SqliteSink::open() {
  writer_.reset();
  Result<> opened{};
  if (!is_damaged_) opened = try_open();
  std::string_view why;
  if (is_damaged_) why = "is damaged";
  if (opened && writer_ && writer_->fitness() == HistoryWriter::Fitness::Foreign) {
    why = "is of another session or program";
  }
  if (!why.empty()) {
    if (auto aside = set_aside(why); !aside) return aside;
    is_damaged_ = false;
    opened = try_open();
  }
  if (!opened) return fail(opened.error());
  if (writer_->fitness() == HistoryWriter::Fitness::Newer) {
    return fail({ErrorCode::VersionMismatch,
                 file_.string() + " was written by a newer Bulkhead; move it away",
                 {}});
  }
  return {};
}

Result<> SqliteSink::write(std::span<const SinkRecord> batch) {
  if (!writer_) return Error{ErrorCode::Unavailable, "the history is not open", {}};
  const auto read = keyed(batch);
  if (!read) return read.error();
  // SQLite would go on with a file that nobody can find any more.
  if (file_id() != opened_) {
    return fail({ErrorCode::Unavailable, file_.string() + " was removed; it begins anew", {}});
  }
  if (read->empty()) return {};
  try {
    writer_->write(*read);
  } catch (const SQLite::Exception& failure) {
    Error error = error_of(file_.string() + " cannot be written", failure);
    if (persistence_of(error.code) == Persistence::Permanent) return error;
    is_damaged_ = is_damage(failure);
    return fail(std::move(error));
  }
  retain(read->size());
  return {};
}

/// What fails here is tried again after the next batch: this one is written.
void SqliteSink::retain(std::size_t written) {
  const HistoryBounds bounds{.max_age_ns = std::chrono::nanoseconds{options_.max_age}.count(),
                             .max_bytes = options_.max_bytes};
  try {
    writer_->retain(bounds, written);
  } catch (const SQLite::Exception& failure) {
    is_damaged_ = is_damage(failure);
    (void)fail(error_of(file_.string() + " cannot be shortened", failure));
  }
}

}  // namespace bulkhead::worker
