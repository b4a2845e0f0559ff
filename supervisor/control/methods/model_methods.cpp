#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/json_text.hpp"
#include "common/limits.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/model/model_store.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

Error no_models() { return {ErrorCode::Unavailable, "this program has no folder for models", {}}; }

json cached_model_json(const CachedModel& model) {
  return {{"sha256", model.sha256},
          {"bytes", model.bytes},
          {"usedAt", iso8601_utc(model.used_s * kNsPerSecond)}};
}

void fetch_model(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, "params"};
  const auto url = ModelUrl::parse(fields.required_string("url", limits::kPathBytes));
  if (!url) fields.fail("url", url.error().message);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  if (services.program.models == nullptr) return reply(no_models());
  ModelStore& models = *services.program.models;
  (void)models.has({*url});  // it is used by this
  models.fetch({*url}, [reply, sha256 = url->sha256, &models](const Result<>& fetched) {
    if (!fetched) {
      Error error = fetched.error();
      error.field = "params.url";
      error.message = error.field + ": " + error.message;
      return reply(std::move(error));
    }
    for (const CachedModel& model : models.list()) {
      if (model.sha256 == sha256) return reply(json_text_of(cached_model_json(model)));
    }
    reply(Error{ErrorCode::Unavailable, "it was taken away again for others in use", {}});
  });
}

void list_models(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  if (services.program.models == nullptr) return reply(no_models());
  json models = json::array();
  for (const CachedModel& model : services.program.models->list()) {
    models.push_back(cached_model_json(model));
  }
  reply(json_text_of(json{{"models", std::move(models)}}));
}

}  // namespace

void add_model_methods(MethodTable& table, const ControlServices& services) {
  table.add("model.fetch", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              fetch_model(services, params, reply);
            });
  table.add("model.list", {Role::Viewer, Effect::Reads},
            [services](const Caller&, const json& params, const Reply& reply) {
              list_models(services, params, reply);
            });
}

}  // namespace bulkhead::supervisor
