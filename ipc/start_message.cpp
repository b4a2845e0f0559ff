#include "ipc/start_message.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"

namespace bulkhead::ipc {

namespace {

constexpr std::size_t kPathBytes = 4096;

std::string absolute_path(JsonFields& fields, std::string_view key) {
  std::string path = fields.required_string(key, kPathBytes);
  if (!path.starts_with('/')) fields.fail(key, "is not an absolute path");
  return path;
}

nlohmann::json sinks_json(const std::vector<SinkSpec>& sinks) {
  nlohmann::json list = nlohmann::json::array();
  for (const SinkSpec& sink : sinks) list.push_back(sink.to_json(SinkSpec::Secrets::Kept));
  return list;
}

Result<std::vector<SinkSpec>> read_kept(const nlohmann::json* json) {
  if (json == nullptr) return std::vector<SinkSpec>{};
  return read_sinks(*json, "sinks");
}

std::int64_t required_integer(JsonFields& fields, std::string_view key, std::int64_t min,
                              std::int64_t max) {
  if (fields.member(key) == nullptr) fields.fail(key, "is missing");
  return fields.integer(key, min, min, max);
}

Result<std::optional<RtspSession>> read_session(const nlohmann::json& json) {
  JsonFields fields{json, "leftSession"};
  RtspSession session{.id = fields.required_string("id", limits::kRtspSessionIdBytes),
                      .path = fields.string("path", {}, limits::kUrlChars)};
  if (auto read = fields.finish(); !read) return read.error();
  if (auto checked = check(session); !checked) {
    return Error{ErrorCode::InvalidParams, checked.error().message,
                 fields.path_of(checked.error().field)};
  }
  return session;
}

SessionContext read_context(JsonFields& fields) {
  SessionContext context{.id = fields.string("context", {}, limits::kContextBytes),
                         .stage = fields.string("stage", {}, limits::kContextStageBytes)};
  if (const auto checked = check(context); !checked) {
    fields.fail(checked.error().field, checked.error().message);
  }
  return context;
}

}  // namespace

std::string StartMessage::to_json() const {
  nlohmann::json json{{"session", spec.to_json(SessionSpec::Secrets::Kept)},
                      {"generation", generation},
                      {"logFile", log_file},
                      {"logMaxBytes", log_max_bytes},
                      {"logBackupCount", log_backup_count},
                      {"modelDir", model_dir},
                      {"modelCatalog", model_catalog},
                      {"modelCache", model_cache},
                      {"addresses", addresses.to_json()},
                      {"holdCamera", hold_camera},
                      {"yields", yields},
                      {"sinks", sinks_json(sinks)},
                      {"spoolDir", spool_dir},
                      {"historyDir", history_dir},
                      {"holdResults", hold_results},
                      {"context", context.id},
                      {"stage", context.stage}};
  if (left_session) json["leftSession"] = {{"id", left_session->id}, {"path", left_session->path}};
  return json.dump();
}

Result<StartMessage> StartMessage::from_json(const std::string& text) {
  const auto json = parse_json(text, JsonComments::Refused);
  if (!json) return json.error();
  JsonFields fields{*json, ""};
  const nlohmann::json* session = fields.member("session");
  const auto generation =
      required_integer(fields, "generation", 1, std::numeric_limits<Generation>::max());
  std::string log_file = absolute_path(fields, "logFile");
  const auto log_max_bytes =
      required_integer(fields, "logMaxBytes", 1, std::numeric_limits<std::int64_t>::max());
  const auto log_backup_count =
      required_integer(fields, "logBackupCount", 0, std::numeric_limits<std::uint32_t>::max());
  std::string model_dir = absolute_path(fields, "modelDir");
  std::string model_catalog = absolute_path(fields, "modelCatalog");
  std::string model_cache = fields.string("modelCache", {}, kPathBytes);
  const nlohmann::json* rules = fields.member("addresses");
  if (rules == nullptr) fields.fail("addresses", "is missing");
  auto addresses = rules != nullptr ? AddressPolicy::from_json(*rules, "addresses")
                                    : Result<AddressPolicy>{AddressPolicy{}};
  if (!addresses) fields.fail(addresses.error());
  const bool hold_camera = fields.boolean("holdCamera", false);
  const bool yields = fields.boolean("yields", false);
  auto sinks = read_kept(fields.member("sinks"));
  if (!sinks) fields.fail(sinks.error());
  std::string spool_dir = fields.string("spoolDir", {}, kPathBytes);
  std::string history_dir = fields.string("historyDir", {}, kPathBytes);
  if (sinks && !sinks->empty() && !(spool_dir.starts_with('/') && history_dir.starts_with('/'))) {
    fields.fail("spoolDir", "or historyDir is not an absolute path");
  }
  const bool hold_results = fields.boolean("holdResults", false);
  const nlohmann::json* left = fields.member("leftSession");
  auto left_session = left != nullptr ? read_session(*left) : Result<std::optional<RtspSession>>{};
  if (!left_session) fields.fail(left_session.error());
  SessionContext context = read_context(fields);
  if (session == nullptr) fields.fail("session", "is missing");
  if (auto checked = fields.finish(); !checked) return checked.error();

  auto spec = SessionSpec::from_json(*session, "session");
  if (!spec) return spec.error();
  if (!spec->pipeline) {
    return Error{.code = ErrorCode::InvalidParams,
                 .message = "The pipeline was not resolved before the worker was started.",
                 .field = "session.pipeline"};
  }
  return StartMessage{.spec = std::move(*spec),
                      .generation = static_cast<Generation>(generation),
                      .log_file = std::move(log_file),
                      .log_max_bytes = static_cast<std::uint64_t>(log_max_bytes),
                      .log_backup_count = static_cast<std::uint32_t>(log_backup_count),
                      .model_dir = std::move(model_dir),
                      .model_catalog = std::move(model_catalog),
                      .model_cache = std::move(model_cache),
                      .addresses = std::move(*addresses),
                      .hold_camera = hold_camera,
                      .yields = yields,
                      .sinks = *std::move(sinks),
                      .spool_dir = std::move(spool_dir),
                      .history_dir = std::move(history_dir),
                      .hold_results = hold_results,
                      .left_session = std::move(*left_session),
                      .context = std::move(context)};
}

}  // namespace bulkhead::ipc
