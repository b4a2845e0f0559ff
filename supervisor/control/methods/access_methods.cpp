#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/clock.hpp"
#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/access/token_store.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/credentials.hpp"
#include "supervisor/control/json_rpc.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

const std::vector<std::string_view> kRoleNames{"viewer", "operator", "admin"};  // as the enum
constexpr std::int64_t kLongestLifeS = std::int64_t{10} * 366 * 86400;

Error no_tokens() { return {ErrorCode::Unavailable, "this program keeps no tokens", {}}; }

std::string time_of(std::int64_t seconds) { return iso8601_utc(seconds * kNsPerSecond); }

json json_of(const Token& token) {
  json text{{"name", token.name},
            {"role", name_of(token.role)},
            {"scope", token.scope.patterns()},
            {"createdAt", time_of(token.created_s)},
            {"expiresAt", nullptr}};
  if (token.expires_s) text["expiresAt"] = time_of(*token.expires_s);
  return text;
}

Result<Token> read_token(const json& params) {
  JsonFields fields{params, "params"};
  Token token;
  token.name = fields.required_string("name", limits::kNameChars);
  token.role = static_cast<Role>(fields.one_of("role", kRoleNames, 0));
  auto patterns = fields.strings("scope", limits::kScopePatterns, limits::kSubscriptionIdChars + 1);
  auto scope = AccessScope::parse(std::move(patterns));
  const std::int64_t life_s = fields.integer("expiresInS", 0, 1, kLongestLifeS);
  if (!token.name.empty() && !is_token_name(token.name)) fields.fail("name", kTokenNameRule);
  if (!scope) fields.fail("scope", scope.error().message);
  if (const auto done = fields.finish(); !done) return done.error();
  token.scope = *std::move(scope);
  if (life_s > 0) token.expires_s = wall_ns() / kNsPerSecond + life_s;
  return token;
}

void add(const ControlServices& services, const json& params, const Reply& reply) {
  auto wanted = read_token(params);
  if (!wanted) return reply(wanted.error());
  if (services.program.tokens == nullptr) return reply(no_tokens());
  services.program.tokens->add(*std::move(wanted), [reply](const Result<TokenStore::Made>& made) {
    if (!made) return reply(made.error());
    json answer = json_of(made->token);
    answer["token"] = made->secret;
    reply(json_text_of(answer));
  });
}

void list(const ControlServices& services, const json& params, const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  if (services.program.tokens == nullptr) return reply(no_tokens());
  json tokens = json::array();
  for (const Token& token : services.program.tokens->list()) tokens.push_back(json_of(token));
  reply(json_text_of(json{{"tokens", std::move(tokens)}}));
}

void revoke(const ControlServices& services, const json& params, const Reply& reply) {
  JsonFields fields{params, "params"};
  const std::string name = fields.required_string("name", limits::kNameChars);
  if (const auto done = fields.finish(); !done) return reply(done.error());
  if (services.program.tokens == nullptr) return reply(no_tokens());
  services.program.tokens->revoke(name, [reply, name](const Result<void>& done) {
    if (!done) return reply(done.error());
    reply(json_text_of(json{{"name", name}}));
  });
}

void ticket(const ControlServices& services, const Caller& caller, const json& params,
            const Reply& reply) {
  if (const auto done = JsonFields{params, "params"}.finish(); !done) return reply(done.error());
  auto issued = services.authenticator.issue_ticket(*caller.identity, monotonic_ns());
  if (!issued) return reply(issued.error());
  reply(json_text_of(
      json{{"ticket", *issued},
           {"protocols", {kWebSocketProtocol, std::string{kTicketProtocolPrefix} + *issued}},
           {"expiresInS", std::chrono::seconds{limits::kTicketTime}.count()}}));
}

}  // namespace

void add_access_methods(MethodTable& table, const ControlServices& services) {
  table.add("token.add", {Role::Admin, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              add(services, params, reply);
            });
  table.add("token.list", {Role::Admin, Effect::Reads},
            [services](const Caller&, const json& params, const Reply& reply) {
              list(services, params, reply);
            });
  table.add("token.revoke", {Role::Admin, Effect::Changes},
            [services](const Caller&, const json& params, const Reply& reply) {
              revoke(services, params, reply);
            });
  table.add("auth.ticket", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              ticket(services, caller, params, reply);
            });
}

}  // namespace bulkhead::supervisor
