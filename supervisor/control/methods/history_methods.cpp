#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "supervisor/control/control_services.hpp"
#include "supervisor/control/history_request.hpp"

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

}  // namespace

void add_history_methods(MethodTable& table, const ControlServices& services) {
  table.add("history.query", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              query(services, caller, params, reply);
            });
}

}  // namespace bulkhead::supervisor
