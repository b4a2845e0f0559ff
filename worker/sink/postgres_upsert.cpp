#include "worker/sink/postgres_upsert.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/sink_limits.hpp"
#include "worker/sink/postgres_error.hpp"
#include "worker/sink/postgres_session.hpp"
#include "worker/sink/record_text.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::steady_clock;
using Values = std::vector<std::optional<std::string>>;  // none: what the row has

// A statement has fewer than 65,536 parameters.
constexpr std::size_t kStatementRows = 512;
static_assert(kStatementRows * 2 * limits::kTemplateFields <= 65'535);

/// The columns of the table as a statement names them.
class UpsertStatement {
 public:
  UpsertStatement(const PostgresUpsertSpec& spec, PostgresConnection& connection) {
    const auto dot = spec.table.find('.');
    const std::string table = dot == std::string::npos
                                  ? connection.quote_name(spec.table)
                                  : connection.quote_name(spec.table.substr(0, dot)) + "." +
                                        connection.quote_name(spec.table.substr(dot + 1));
    std::string key;
    std::string set;
    std::string kept;
    std::string sent;
    for (const auto& [name, value] : spec.key) append(key, connection.quote_name(name));
    std::string columns = key;
    for (const auto& [name, value] : spec.fields) {
      const std::string column = connection.quote_name(name);
      const std::string next = "COALESCE(EXCLUDED." + column + ", kept." + column + ")";
      append(columns, column);
      append(set, column + " = " + next);
      // As text, for there are types that are not compared.
      append(kept, "kept." + column + "::text");
      append(sent, next + "::text");
    }
    columns_ = spec.key.size() + spec.fields.size();
    before_ = "INSERT INTO " + table + " AS kept (" + columns + ") VALUES ";
    after_ = " ON CONFLICT (" + key + ") DO UPDATE SET " + set + " WHERE (" + kept +
             ") IS DISTINCT FROM (" + sent + ")";
  }

  [[nodiscard]] std::string of_rows(std::size_t rows) const {
    std::string all;
    for (std::size_t row = 0; row < rows; ++row) {
      std::string values;
      for (std::size_t column = 1; column <= columns_; ++column) {
        append(values, "$" + std::to_string(row * columns_ + column));
      }
      append(all, "(" + values + ")");
    }
    return before_ + all + after_;
  }

  /// Shows whether the server can do it, and changes nothing.
  [[nodiscard]] std::string trial() const {
    std::string values;
    for (std::size_t column = 0; column < columns_; ++column) append(values, "NULL");
    return "EXPLAIN " + before_ + "(" + values + ")" + after_;
  }

 private:
  static void append(std::string& list, const std::string& item) {
    if (!list.empty()) list += ", ";
    list += item;
  }

  std::string before_;
  std::string after_;
  std::size_t columns_ = 0;
};

/// What a column gets; none where the record does not say it.
Result<std::optional<std::string>> column_value(const RecordTemplate& text,
                                                const RecordSubject& subject) {
  auto value = render(text, subject);
  if (value && *value && (*value)->find('\0') != std::string::npos) {
    return Error{ErrorCode::InvalidParams, "PostgreSQL keeps no text with a zero byte", {}};
  }
  return value;
}

/// Rows that wait for their statement, by the values of their keys.
class WaitingRows {
 public:
  explicit WaitingRows(const PostgresUpsertSpec& spec) : spec_{spec} {}

  Result<> add(const RecordSubject& subject) {
    std::vector<std::string> key;
    for (const auto& [name, text] : spec_.key) {
      auto value = column_value(text, subject);
      if (!value) return value.error();
      if (!*value) return {};  // whose row it is, is not known yet
      key.push_back(**std::move(value));
    }
    Values values;
    for (const auto& [name, text] : spec_.fields) {
      auto value = column_value(text, subject);
      if (!value) return value.error();
      values.push_back(*std::move(value));
    }
    for (const std::string& text : key) bytes_ += text.size();
    Values& row = rows_.try_emplace(std::move(key), values.size()).first->second;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i]) continue;
      bytes_ += values[i]->size();
      row[i] = std::move(values[i]);
    }
    return {};
  }

  [[nodiscard]] bool is_empty() const { return rows_.empty(); }
  [[nodiscard]] bool is_full() const {
    return rows_.size() >= kStatementRows || bytes_ >= limits::kActionBytes;
  }

  void send(pqxx::transaction_base& work, const UpsertStatement& statement) {
    std::vector<const char*> parameters;  // null: NULL
    for (const auto& [key, values] : rows_) {
      for (const std::string& text : key) parameters.push_back(text.c_str());
      for (const auto& value : values) parameters.push_back(value ? value->c_str() : nullptr);
    }
    work.exec_params(statement.of_rows(rows_.size()),
                     pqxx::prepare::make_dynamic_params(parameters));
    rows_.clear();
    bytes_ = 0;
  }

 private:
  const PostgresUpsertSpec& spec_;
  std::map<std::vector<std::string>, Values> rows_;
  std::size_t bytes_ = 0;
};

Result<> upsert(std::span<const SinkRecord> batch, const PostgresUpsertSpec& spec,
                PostgresConnection& connection) {
  const UpsertStatement statement{spec, connection};
  WaitingRows rows{spec};
  std::optional<pqxx::work> work;  // begun with the first row: most records may be about none
  const auto send = [&] {
    if (!work) work.emplace(connection);
    rows.send(*work, statement);
  };
  for (const SinkRecord& record : batch) {
    if (!may_concern(spec.when, record.kind)) continue;
    const auto message = RecordMessage::read(record);
    if (!message) return message.error();
    for (const RecordSubject& subject : message->subjects(spec.when)) {
      if (auto added = rows.add(subject); !added) return added;
      if (rows.is_full()) send();
    }
  }
  if (!rows.is_empty()) send();
  if (work) work->commit();
  return {};
}

}  // namespace

PostgresUpsert::PostgresUpsert(PostgresUpsertSpec spec, const SubscriptionId& session)
    : spec_{std::move(spec)}, session_{session.text()} {}

PostgresUpsert::~PostgresUpsert() = default;

Result<> PostgresUpsert::open() {
  const auto deadline = steady_clock::now() + limits::kSinkConnectTime;
  connection_.reset();
  auto opened = PostgresSession::open(spec_, session_, deadline);
  if (!opened) return opened.error();
  const auto try_it = [&](PostgresConnection& connection) -> Result<> {
    pqxx::nontransaction{connection}.exec(UpsertStatement{spec_, connection}.trial());
    return {};
  };
  auto tried = (*opened)->run(deadline, table_error, try_it);
  if (tried) connection_ = *std::move(opened);
  return tried;
}

Result<> PostgresUpsert::write(std::span<const SinkRecord> batch) {
  if (!connection_) {
    return Error{ErrorCode::Unavailable, "PostgreSQL is not connected; open first", {}};
  }
  auto done = connection_->run(
      steady_clock::now() + limits::kSinkWriteTime, table_write_error,
      [&](PostgresConnection& connection) { return upsert(batch, spec_, connection); });
  if (!done && persistence_of(done.error().code) == Persistence::Transient) connection_.reset();
  return done;
}

}  // namespace bulkhead::worker
