#include "supervisor/config.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "supervisor/config_text.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string_view> kLogLevels{"trace", "debug", "info", "warn", "error"};
const std::vector<std::string_view> kLoopbackRules{"open", "token"};
constexpr std::size_t kOrigins = 64;
constexpr std::int64_t kMegabytesOfATerabyte = 1024 * 1024;
constexpr std::int64_t kHoursOfAYear = 365 * 24;

/// Every key of the configuration with its range, once, for reading and for writing. Defaults are
/// the initialisers of Config.
template <class Fields>
void visit(Fields& fields, Config& config) {
  fields.group("listen", [&](Fields& listen) {
    listen.text("host", config.listen.host);
    listen.integer("port", config.listen.port, 0, UINT16_MAX);
    listen.group("tls", [&](Fields& tls) {
      tls.path_or_none("certificate", config.listen.tls.certificate);
      tls.path_or_none("key", config.listen.tls.key);
      tls.path_or_none("client_ca", config.listen.tls.client_ca);
    });
  });
  fields.group("session_processes", [&](Fields& processes) {
    auto& value = config.session_processes;
    processes.integer("max_concurrent_sessions", value.max_concurrent_sessions, 1, 1000);
    processes.integer("process_cleanup_timeout", value.process_cleanup_timeout, 0, 86400);
    processes.integer("health_check_interval", value.health_check_interval, 1, 3600);
    processes.integer("warm_spares", value.warm_spares, 0, limits::kWarmSpares);
    processes.text_or_none("worker_user", value.worker_user);
    processes.group("log_rotation", [&](Fields& rotation) {
      rotation.integer("max_size_mb", value.log_rotation.max_size_mb, 1, 10240);
      rotation.integer("backup_count", value.log_rotation.backup_count, 0, 100);
    });
    processes.group("recycling", [&](Fields& recycling) {
      recycling.integer("max_age_hours", value.recycling.max_age_hours, 0, kHoursOfAYear);
      recycling.integer("max_growth_mb_per_hour", value.recycling.max_growth_mb_per_hour, 0,
                        kMegabytesOfATerabyte);
    });
  });
  fields.group("resource_limits", [&](Fields& limits) {
    auto& value = config.resource_limits;
    limits.integer("memory_per_process_mb", value.memory_per_process_mb, 64, kMegabytesOfATerabyte);
    limits.number("gpu_memory_fraction", value.gpu_memory_fraction, 0, 1);
  });
  fields.group("sources", [&](Fields& sources) {
    sources.boolean("allow_file_urls", config.sources.allow_file_urls);
    sources.blocks("deny", config.sources.deny);
    sources.blocks("allow", config.sources.allow);
  });
  fields.group("streams", [&](Fields& streams) {
    auto& value = config.streams;
    streams.integer("memory_mb", value.memory_mb, 1, kMegabytesOfATerabyte);
    streams.integer("flush_pause_ms", value.flush_pause_ms, -1, limits::kFlushPause.count());
    streams.boolean("adaptive_capacity", value.adaptive_capacity);
  });
  fields.group("access", [&](Fields& access) {
    access.choice("loopback", config.access.loopback, kLoopbackRules);
    access.texts("origins", config.access.origins, kOrigins);
  });
  fields.group("models",
               [&](Fields& models) { models.path_or_none("ca_file", config.models.ca_file); });
  fields.group("connection_rate", [&](Fields& rates) {
    auto& value = config.connection_rate;
    rates.number("per_host_per_second", value.per_host_per_second, 0.1, 1000);
    rates.number("per_machine_per_second", value.per_machine_per_second, 0.1, 1000);
  });
  fields.sinks("sinks", config.sinks);
  fields.path("state_dir", config.state_dir);
  fields.path("pipelines_dir", config.pipelines_dir);
  fields.path("models_dir", config.models_dir);
  fields.path("model_catalog", config.model_catalog);
  fields.text("default_pipeline", config.default_pipeline);
  fields.choice("log_level", config.log_level, kLogLevels);
}

/// Fills a Config from JSON. `base` is where relative paths start.
class Reader {
 public:
  Reader(const nlohmann::json& object, std::string path, const fs::path& base)
      : fields_{object, std::move(path)}, base_{base} {}

  template <class Visit>
  void group(const char* key, Visit visit_members) {
    const nlohmann::json* object = fields_.member(key);
    if (object == nullptr) return;
    Reader members{*object, fields_.path_of(key), base_};
    visit_members(members);
    if (const auto done = members.finish(); !done) fields_.fail(done.error());
  }

  template <class Integer>
  void integer(const char* key, Integer& value, std::int64_t min, std::int64_t max) {
    value = static_cast<Integer>(fields_.integer(key, value, min, max));
  }
  void number(const char* key, double& value, double min, double max) {
    value = fields_.number(key, value, min, max);
  }
  void boolean(const char* key, bool& value) { value = fields_.boolean(key, value); }
  void text(const char* key, std::string& value) {
    value = fields_.string(key, value, limits::kPathBytes);
    if (value.empty()) fields_.fail(key, "is empty; remove it or give at least one character");
  }
  void texts(const char* key, std::vector<std::string>& values, std::size_t most) {
    values = fields_.strings(key, most, limits::kPathBytes);
  }
  void blocks(const char* key, std::vector<AddressBlock>& value) {
    if (fields_.member(key) != nullptr) value = read_blocks(fields_, key);
  }
  void sinks(const char* key, std::vector<SinkSpec>& value) {
    const nlohmann::json* list = fields_.member(key);
    if (list == nullptr) return;
    auto sinks = read_sinks(*list, fields_.path_of(key));
    if (!sinks) return fields_.fail(sinks.error());
    value = std::move(*sinks);
    for (SinkSpec& sink : value) resolve_files(sink, base_);
  }
  void text_or_none(const char* key, std::string& value) {
    value = fields_.string(key, value, limits::kPathBytes);
  }
  void path(const char* key, fs::path& value) {
    std::string text_value = value.string();
    text(key, text_value);
    value = (base_ / text_value).lexically_normal();
  }
  void path_or_none(const char* key, fs::path& value) {
    const std::string text_value = fields_.string(key, value.string(), limits::kPathBytes);
    value = text_value.empty() ? fs::path{} : (base_ / text_value).lexically_normal();
  }
  void choice(const char* key, std::string& value, const std::vector<std::string_view>& names) {
    const auto now = std::find(names.begin(), names.end(), value);
    value = names[fields_.one_of(key, names, static_cast<std::size_t>(now - names.begin()))];
  }

  /// An editor's key, of no meaning to us.
  void ignore(const char* key) { fields_.member(key); }

  void fail(const char* key, std::string_view message) { fields_.fail(key, message); }
  [[nodiscard]] Result<void> finish() { return fields_.finish(); }

 private:
  JsonFields fields_;
  const fs::path& base_;
};

/// Writes a Config as JSON.
class Writer {
 public:
  template <class Visit>
  void group(const char* key, Visit visit_members) {
    Writer members;
    visit_members(members);
    object_[key] = std::move(members.object_);
  }
  template <class Integer>
  void integer(const char* key, const Integer& value, std::int64_t, std::int64_t) {
    object_[key] = value;
  }
  void number(const char* key, const double& value, double, double) { object_[key] = value; }
  void boolean(const char* key, const bool& value) { object_[key] = value; }
  void text(const char* key, const std::string& value) { object_[key] = value; }
  void texts(const char* key, const std::vector<std::string>& values, std::size_t) {
    object_[key] = values;
  }
  void blocks(const char* key, const std::vector<AddressBlock>& value) {
    object_[key] = texts_of(value);
  }
  void sinks(const char* key, const std::vector<SinkSpec>& value) {
    nlohmann::json& list = object_[key] = nlohmann::json::array();
    for (const SinkSpec& sink : value) list.push_back(sink.to_json(SinkSpec::Secrets::Hidden));
  }
  void text_or_none(const char* key, const std::string& value) { text(key, value); }
  void path(const char* key, const fs::path& value) { object_[key] = value.string(); }
  void path_or_none(const char* key, const fs::path& value) { path(key, value); }
  void choice(const char* key, const std::string& value, const std::vector<std::string_view>&) {
    object_[key] = value;
  }

  [[nodiscard]] nlohmann::json take() { return std::move(object_); }

 private:
  nlohmann::json object_ = nlohmann::json::object();
};

std::optional<std::string> environment(const std::string& name) {
  // Called before any thread exists, and nothing here ever changes the environment.
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

/// The XDG base directory rules: a relative XDG_STATE_HOME counts as unset. Empty where neither
/// variable helps.
fs::path default_state_dir() {
  const fs::path state_home{environment("XDG_STATE_HOME").value_or("")};
  if (state_home.is_absolute()) return state_home / "bulkhead";
  const fs::path home{environment("HOME").value_or("")};
  return home.is_absolute() ? home / ".local/state/bulkhead" : fs::path{};
}

Config defaults() {
  const fs::path installed{BULKHEAD_CONFIG_DIR};
  Config config;
  config.state_dir = default_state_dir();
  config.pipelines_dir = installed / "pipelines";
  config.models_dir = fs::path{BULKHEAD_DEPS_DIR} / "models";
  config.model_catalog = installed / "models.json";
  return config;
}

/// What is not encrypted stays on this machine.
void check_listen(Reader& fields, Config::Listen& listen) {
  const TlsFiles& tls = listen.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    fields.fail(tls.key.empty() ? "listen.tls.key" : "listen.tls.certificate",
                "is empty; certificate and key go together");
  } else if (!tls.client_ca.empty() && tls.certificate.empty()) {
    fields.fail("listen.tls.certificate", "is empty, but client_ca is for TLS only; give both");
  }
  if (listen.host == "localhost") listen.host = "127.0.0.1";
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(listen.host, failure);
  if (failure) {
    fields.fail("listen.host", "is no IP address; give one such as 127.0.0.1, or 0.0.0.0 for all");
  } else if (!address.is_loopback() && tls.certificate.empty()) {
    fields.fail("listen.host",
                listen.host +
                    " can be reached from other machines, and a token would go there unencrypted; "
                    "give listen.tls.certificate and listen.tls.key, or 127.0.0.1 or ::1");
  }
}

Result<nlohmann::json> read_tree(const fs::path& file, const std::vector<std::string>& overrides) {
  nlohmann::json root = nlohmann::json::object();
  if (!file.empty()) {
    const auto text = read_text_file(file, limits::kJsonBytes);
    if (!text) return text.error();
    auto parsed = parse_json(*text, JsonComments::Allowed);
    if (!parsed) return parsed.error();
    root = std::move(*parsed);
  }
  for (const std::string& assignment : overrides) {
    if (const auto done = apply_override(root, assignment); !done) return done.error();
  }
  if (const auto done = substitute_environment(root, environment); !done) return done.error();
  return {boost::system::in_place_value, std::move(root)};
}

std::string known_pipelines(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry{directory, failure}, end; !failure && entry != end;
       entry.increment(failure)) {
    const fs::path& file = entry->path();
    const bool is_schema = file.stem().extension() == ".schema";
    if (file.extension() == ".json" && !is_schema) names.push_back(file.stem().string());
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

Result<Config> Config::load(const fs::path& file, const std::vector<std::string>& overrides) {
  const auto tree = read_tree(file, overrides);
  if (!tree) return tree.error();
  std::error_code failure;
  const fs::path start = file.empty() ? fs::current_path(failure) : fs::absolute(file, failure);
  if (failure) return Error{ErrorCode::Io, "no working directory: " + failure.message(), {}};
  const fs::path base = file.empty() ? start : start.parent_path();

  Config config = defaults();
  Reader fields{*tree, "", base};
  fields.ignore("$schema");
  if (config.state_dir.empty() && !(tree->is_object() && tree->contains("state_dir"))) {
    fields.fail("state_dir", "has no default, for HOME is not set; give a directory");
  }
  visit(fields, config);
  check_listen(fields, config.listen);
  if (!is_pipeline_name(config.default_pipeline)) {
    fields.fail("default_pipeline", std::string{"is no pipeline name; "} + kPipelineNameRule);
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return config;
}

bool Config::is_reachable() const {
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(listen.host, failure);
  return !failure && !address.is_loopback();
}

nlohmann::json Config::to_json() const {
  Writer writer;
  Config copy = *this;  // visit serves the reader too, so it wants one that may be written
  visit(writer, copy);
  return writer.take();
}

Result<PipelineSpec> Config::pipeline(const std::string& name) const {
  if (!is_pipeline_name(name)) {
    return Error{ErrorCode::InvalidParams,
                 std::string{"pipeline: is no pipeline name; "} + kPipelineNameRule, "pipeline"};
  }
  const fs::path file = pipelines_dir / (name + ".json");
  const auto text = read_text_file(file, limits::kJsonBytes);
  if (!text && text.error().code == ErrorCode::NotFound) {
    return Error{ErrorCode::NotFound,
                 "pipeline: there is no \"" + name + "\" in " + pipelines_dir.string() +
                     "; known: " + known_pipelines(pipelines_dir),
                 "pipeline"};
  }
  if (!text) return text.error();
  const auto failed = [&](const Error& error) {
    return Error{error.code, file.string() + ": " + error.message, error.field};
  };
  const auto json = parse_json(*text, JsonComments::Allowed);
  if (!json) return failed(json.error());
  auto spec = PipelineSpec::from_json(*json, "");
  if (!spec) return failed(spec.error());
  if (spec->name != name) {
    return Error{ErrorCode::InvalidParams,
                 file.string() + ": calls itself \"" + spec->name + "\"; name it as its file",
                 "name"};
  }
  return spec;
}

}  // namespace bulkhead::supervisor
