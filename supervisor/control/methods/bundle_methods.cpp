#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/bundle_name.hpp"
#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/bundle/bundle_store.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

Error no_bundles() {
  return {ErrorCode::Unavailable, "this program has no folder for bundles", {}};
}

Error at_param(Error error, const std::string& field) {
  error.field = field;
  error.message = field + ": " + error.message;
  return error;
}

json bundle_json(const InstalledBundle& bundle) {
  return {{"name", bundle.name},
          {"sha256", bundle.sha256},
          {"installedAt", iso8601_utc(bundle.installed_s * kNsPerSecond)},
          {"pipeline", std::string{kBundlePrefix} + bundle.name}};
}

/// Sessions that are asked to run the bundle, in whichever version and however tuned.
std::vector<SessionSpec> sessions_with(const ControlServices& services, const std::string& name) {
  const std::string inside = services.program.bundles->folder_of(name).string() + "/";
  std::vector<SessionSpec> specs;
  for (const SessionView& view : services.sessions.list()) {
    auto asked = services.sessions.asked(view.spec.id);
    if (!asked || !asked->pipeline) continue;
    const auto models = models_of(*asked->pipeline);
    const bool is_of_bundle = std::ranges::any_of(
        models, [&](const std::string& model) { return model.starts_with(inside); });
    if (is_of_bundle) specs.push_back(*std::move(asked));
  }
  return specs;
}

/// What runs the version before gets this one as any other pipeline: by an overlap where the camera
/// is live. The answer does not wait for that; what becomes of it is seen in the sessions.
json swap_sessions(const ControlServices& services, const InstalledBundle& bundle) {
  json names = json::array();
  for (SessionSpec& spec : sessions_with(services, bundle.name)) {
    names.push_back(spec.id.text());
    spec.pipeline = bundle.pipeline;
    spec.pipeline_name = std::string{kBundlePrefix} + bundle.name;
    if (services.registry != nullptr && spec.lifetime == Lifetime::Persistent) {
      services.registry->put(spec, [](const Result<>&) {});
    }
    services.sessions.reconfigure(std::move(spec), [](const auto&) {});
  }
  return names;
}

void install_bundle(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, "params"};
  const std::string source = fields.required_string("source", limits::kPathBytes);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  if (services.program.bundles == nullptr) return reply(no_bundles());
  services.program.bundles->install(source,
                                    [services, reply](const Result<InstalledBundle>& installed) {
                                      if (!installed)
                                        return reply(at_param(installed.error(), "params.source"));
                                      json answer = bundle_json(*installed);
                                      answer["sessions"] = swap_sessions(services, *installed);
                                      reply(json_text_of(answer));
                                    });
}

void list_bundles(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  if (services.program.bundles == nullptr) return reply(no_bundles());
  json bundles = json::array();
  for (const InstalledBundle& bundle : services.program.bundles->list()) {
    bundles.push_back(bundle_json(bundle));
  }
  reply(json_text_of(json{{"bundles", std::move(bundles)}}));
}

void remove_bundle_of(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, "params"};
  const std::string name = fields.required_string("name", limits::kNameChars);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  if (services.program.bundles == nullptr) return reply(no_bundles());
  if (const auto users = sessions_with(services, name); !users.empty()) {
    return reply(at_param({ErrorCode::Unavailable,
                           "the session \"" + users.front().id.text() +
                               "\" runs it; give that another pipeline first",
                           {}},
                          "params.name"));
  }
  services.program.bundles->remove(name, [reply, name](const Result<>& removed) {
    if (!removed) return reply(at_param(removed.error(), "params.name"));
    reply(json_text_of(json{{"name", name}}));
  });
}

}  // namespace

void add_bundle_methods(MethodTable& table, const ControlServices& services) {
  table.add("bundle.install", {Role::Admin, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              install_bundle(services, params, reply);
            });
  table.add("bundle.list", {Role::Viewer, Effect::Reads},
            [services](const Caller&, const json& params, const Reply& reply) {
              list_bundles(services, params, reply);
            });
  table.add("bundle.remove", {Role::Admin, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              remove_bundle_of(services, params, reply);
            });
}

}  // namespace bulkhead::supervisor
