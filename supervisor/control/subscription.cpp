#include "supervisor/control/subscription.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/ip_address.hpp"
#include "common/model_url.hpp"
#include "supervisor/bundle/bundle_store.hpp"
#include "supervisor/config.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

std::string_view name_of(SessionTable::Change change) {
  switch (change) {
    case SessionTable::Change::Added:
      return "added";
    case SessionTable::Change::Unchanged:
      return "unchanged";
    case SessionTable::Change::Reconfigured:
      return "reconfigured";
  }
  return "";
}

}  // namespace

Result<SessionSpec> resolve_subscription(const ControlServices& services, Result<SessionSpec> spec,
                                         const std::string& path) {
  if (!spec) return spec;
  const Config& config = services.config;
  if (spec->url.scheme == "file" && !config.sources.allow_file_urls) {
    return Error{ErrorCode::InvalidParams,
                 path + ".rtspUrl: file addresses are switched off; set sources.allow_file_urls",
                 path + ".rtspUrl"};
  }
  if (const auto address = IpAddress::parse(spec->url.host)) {
    const auto why = services.sessions.addresses().denial(*address, spec->url.port);
    if (why) {
      return Error{ErrorCode::AddressDenied, path + ".rtspUrl: " + *why, path + ".rtspUrl"};
    }
  }
  if (!spec->pipeline) {
    if (spec->pipeline_name.empty()) spec->pipeline_name = config.default_pipeline;
    auto pipeline = named_pipeline(config, services.program.bundles, spec->pipeline_name);
    if (!pipeline) {
      Error error = pipeline.error();
      error.field = path + ".pipeline";
      return error;
    }
    spec->pipeline = std::move(*pipeline);
  }
  for (const ModelUrl& url : model_urls_of(*spec->pipeline)) {
    const auto address = IpAddress::parse(url.host);
    const auto why = address ? services.sessions.addresses().denial(*address, url.port)
                             : std::optional<std::string>{};
    if (why) {
      return Error{ErrorCode::AddressDenied,
                   path + ".pipeline: model " + url.location() + ": " + *why, path + ".pipeline"};
    }
  }
  return spec;
}

Result<SessionSpec> read_subscription(const ControlServices& services, const Caller& caller,
                                      const json& params, const std::string& path) {
  auto spec = SessionSpec::from_json(params, path);
  if (spec && spec->lifetime == Lifetime::Connection && caller.connection == 0) {
    return Error{ErrorCode::InvalidParams,
                 path +
                     ".lifetime: an HTTP request is no lasting connection; use the WebSocket "
                     "or \"persistent\"",
                 path + ".lifetime"};
  }
  return resolve_subscription(services, std::move(spec), path);
}

Error at_path(Error error, const std::string& path) {
  constexpr std::string_view kGiven = "params";
  if (error.field.starts_with(path)) return error;
  if (!error.field.starts_with(kGiven)) {
    error.field = path + "." + (error.field.empty() ? "subscriptionIdentifier" : error.field);
    return error;
  }
  if (error.message.starts_with(error.field)) error.message.replace(0, kGiven.size(), path);
  error.field.replace(0, kGiven.size(), path);
  return error;
}

json subscription_json(const SubscriptionId& id, const SessionTable::Subscribed& subscribed) {
  json answer{{"subscriptionIdentifier", id.text()},
              {"state", supervisor::name_of(subscribed.state)},
              {"generation", subscribed.generation},
              {"change", name_of(subscribed.change)}};
  if (subscribed.how) answer["how"] = supervisor::name_of(*subscribed.how);
  return answer;
}

void settle_subscription(const ControlServices& services, const Caller& caller,
                         const SessionSpec& spec, json answer,
                         std::function<void(const json&)> done) {
  const bool is_of_connection = spec.lifetime == Lifetime::Connection;
  if (is_of_connection) {
    services.connection_sessions.own(spec.id, caller.connection);
  } else {
    services.connection_sessions.release(spec.id);
  }
  if (services.registry == nullptr) return done(answer);
  if (is_of_connection) {
    return services.registry->erase(spec.id, [done = std::move(done), answer = std::move(answer)](
                                                 const Result<bool>&) { done(answer); });
  }
  services.registry->put(
      spec, [done = std::move(done), answer = std::move(answer)](const Result<>& kept) mutable {
        answer["kept"] = kept.has_value();
        done(answer);
      });
}

}  // namespace bulkhead::supervisor
