#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "common/canary_limits.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/model_url.hpp"
#include "supervisor/control/changed_spec.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/session_json.hpp"
#include "supervisor/control/subscription.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

const std::vector<std::string_view> kAfterPass{"report", "promote"};

std::optional<SubscriptionId> read_session_id(JsonFields& fields) {
  auto id = SubscriptionId::parse(fields.required_string(kIdKey, limits::kJsonBytes));
  if (id) return std::move(*id);
  fields.fail(kIdKey, id.error().message);
  return std::nullopt;
}

std::optional<CanaryRule> read_rule(JsonFields& fields) {
  const json* given = fields.member("rule");
  if (given == nullptr) return std::nullopt;
  JsonFields rule{*given, fields.path_of("rule")};
  CanaryRule read;
  read.frames = static_cast<std::uint64_t>(
      rule.integer("frames", 0, 0, static_cast<std::int64_t>(limits::kCanaryFrames)));
  if (read.frames == 0) rule.fail("frames", "is missing or 0; say how many frames it must see");
  read.min_agreement = rule.number("minAgreement", -1, 0, 1);
  if (read.min_agreement < 0) rule.fail("minAgreement", "is missing; give a number from 0 to 1");
  if (rule.member("maxCostRatio") != nullptr) {
    read.max_cost_ratio = rule.number("maxCostRatio", 1, 0, limits::kCanaryCostRatio);
  }
  read.promotes = rule.one_of("onPass", kAfterPass, 0) == 1;
  if (const auto done = rule.finish(); !done) fields.fail(done.error());
  return read;
}

/// All else stays as the session has it.
SessionSpec with_model(SessionSpec spec, const std::string& model) {
  spec.pipeline->detect.model = model;
  spec.pipeline_name.clear();
  return spec;
}

json answer_of(const SubscriptionId& id, const json& canary) {
  return {{"subscriptionIdentifier", id.text()}, {"canary", canary}};
}

void start_canary(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, kParams};
  const auto id = read_session_id(fields);
  CanaryRequest request;
  request.every_n = static_cast<std::uint32_t>(
      fields.integer("everyN", limits::kCanaryEveryN, 1, limits::kCanaryLongestEveryN));
  request.rule = read_rule(fields);
  const json* pipeline = fields.member("pipeline");
  const bool has_model = fields.member("model") != nullptr;
  const std::string model = has_model ? read_model(fields) : std::string{};
  if (has_model == (pipeline != nullptr)) {
    fields.fail("model", "give either a model, or a pipeline with it at its root");
  }
  if (const auto done = fields.finish(); !done) return reply(done.error());
  const auto asked = services.sessions.asked(*id);
  if (!asked) return reply(at_path(asked.error(), kParams));
  auto spec =
      resolve_subscription(services,
                           has_model ? with_model(*asked, model)
                                     : changed_spec(*asked, {{"pipeline", *pipeline}}, kParams),
                           kParams);
  if (!spec) return reply(spec.error());
  request.pipeline = *std::move(spec->pipeline);
  request.pipeline_name = std::move(spec->pipeline_name);
  const auto started = services.sessions.start_canary(*id, std::move(request));
  if (!started) return reply(at_path(started.error(), kParams));
  reply(json_text_of(answer_of(*id, canary_json(*started))));
}

/// For methods that take a session's name and nothing else.
Result<SubscriptionId> named_session(const json& params) {
  JsonFields fields{params, kParams};
  auto id = read_session_id(fields);
  if (const auto done = fields.finish(); !done) return done.error();
  return *std::move(id);
}

void promote_canary(const ControlServices& services, const json& params, const Reply& reply) {
  const auto id = named_session(params);
  if (!id) return reply(id.error());
  const auto promoted = services.sessions.promote_canary(*id);
  if (!promoted) return reply(at_path(promoted.error(), kParams));
  reply(json_text_of(answer_of(*id, canary_json(*promoted))));
}

void roll_back_canary(const ControlServices& services, const json& params, const Reply& reply) {
  const auto id = named_session(params);
  if (!id) return reply(id.error());
  const auto gone = services.sessions.roll_back_canary(*id);
  if (!gone) return reply(at_path(gone.error(), kParams));
  reply(json_text_of(answer_of(*id, nullptr)));
}

}  // namespace

void add_canary_methods(MethodTable& table, const ControlServices& services) {
  table.add("session.canary.start", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              start_canary(services, params, reply);
            });
  table.add("session.canary.promote", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              promote_canary(services, params, reply);
            });
  table.add("session.canary.rollback", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              roll_back_canary(services, params, reply);
            });
}

}  // namespace bulkhead::supervisor
