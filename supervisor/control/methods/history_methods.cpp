#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "supervisor/control/base64.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/history_request.hpp"
#include "supervisor/control/json_rpc.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

void query(const ControlServices& services, const Caller& caller, const json& params,
           const Reply& reply) {
  auto wanted = read_history_query(*caller.identity, params);
  if (!wanted) return reply(wanted.error());
  services.history->query(
      *wanted, [&sessions = services.sessions, asked = *wanted, reply](Result<HistoryPage> page) {
        if (!page) return reply(page.error());
        reply(history_answer(asked, *std::move(page), sessions));
      });
}

void snapshot(const ControlServices& services, const Caller& caller, const json& params,
              const Reply& reply) {
  auto wanted = read_snapshot_query(*caller.identity, params);
  if (!wanted) return reply(wanted.error());
  services.history->snapshot(*std::move(wanted), [reply](const Result<std::string>& jpeg) {
    if (!jpeg) return reply(jpeg.error());
    reply(json_text_of(json{{"contentType", "image/jpeg"},
                            {"encoding", "base64"},
                            {"data", base64(std::as_bytes(std::span{*jpeg}))}}));
  });
}

}  // namespace

void add_history_methods(MethodTable& table, const ControlServices& services) {
  table.add("history.query", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              query(services, caller, params, reply);
            });
  table.add("history.snapshot", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              snapshot(services, caller, params, reply);
            });
}

}  // namespace bulkhead::supervisor
