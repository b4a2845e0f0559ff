#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/gst_categories.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/log_request.hpp"
#include "supervisor/control/subscriber.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr std::size_t kTailIdBytes = 32;

constexpr std::string_view kTailNeedsConnection =
    "this needs a WebSocket connection; GET /api/v1/sessions/{id}/logs needs none";

void tail(const ControlServices& services, const Caller& caller, const json& params,
          const Reply& reply) {
  if (const auto may = needs_connection(caller, kTailNeedsConnection); !may)
    return reply(may.error());
  auto request = read_log_request(services, *caller.identity, params);
  if (!request) return reply(request.error());
  const auto id = caller.subscriber->tails().open(services.logs, *std::move(request));
  if (!id) return reply(id.error());
  reply(json_text_of(json{{"tailId", *id}}));
}

void untail(const Caller& caller, const json& params, const Reply& reply) {
  if (const auto may = needs_connection(caller, kTailNeedsConnection); !may)
    return reply(may.error());
  JsonFields fields{params, "params"};
  const std::string id = fields.required_string("tailId", kTailIdBytes);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  if (const auto closed = caller.subscriber->tails().close(id); !closed) {
    return reply(closed.error());
  }
  reply(json_text_of(json{{"tailId", id}}));
}

/// Of the worker that runs now: the next one begins without.
void gst_debug(const ControlServices& services, const json& params, const Reply& reply) {
  constexpr const char* kIdKey = "subscriptionIdentifier";
  constexpr std::size_t kCategoriesBytes =
      limits::kGstDebugCategories * (limits::kGstDebugCategoryBytes + 1);
  JsonFields fields{params, "params"};
  const auto id = SubscriptionId::parse(fields.required_string(kIdKey, limits::kJsonBytes));
  if (!id) fields.fail(kIdKey, id.error().message);
  const std::string categories = fields.required_string("categories", kCategoriesBytes);
  if (const auto parsed = parse_gst_categories(categories); !parsed) {
    fields.fail("categories", parsed.error().message);
  }
  const auto seconds =
      fields.integer("seconds", limits::kGstDebugTime.count(), 1, limits::kGstDebugLongest.count());
  if (const auto done = fields.finish(); !done) return reply(done.error());
  const json answer{
      {"subscriptionIdentifier", id->text()}, {"categories", categories}, {"seconds", seconds}};
  services.sessions.debug_gst(
      *id, {.categories = categories, .seconds = static_cast<std::uint16_t>(seconds)},
      [reply, answer](const Result<>& told) {
        if (told) return reply(json_text_of(answer));
        Error error = told.error();
        if (error.code == ErrorCode::NotFound) error.field = std::string{"params."} + kIdKey;
        reply(error);
      });
}

}  // namespace

void add_log_methods(MethodTable& table, const ControlServices& services) {
  table.add("log.tail", {Role::Operator, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              tail(services, caller, params, reply);
            });
  table.add("log.untail", {Role::Operator, Effect::Reads}, untail);
  table.add("log.gstDebug", {Role::Operator, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              gst_debug(services, params, reply);
            });
}

}  // namespace bulkhead::supervisor
