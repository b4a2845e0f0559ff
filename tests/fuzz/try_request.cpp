#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "supervisor/control/changed_spec.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/subscriber.hpp"
#include "supervisor/control/subscription.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/control_stack.hpp"

namespace bulkhead::fuzz {

namespace {

using nlohmann::json;
using supervisor::Caller;

/// Parameters of sessions, which are read and go no further.
bool read_parameters(testing::ControlStack& stack, const Caller& caller, const std::string& method,
                     const json& params) {
  const auto read = [&](const json& entry) {
    const auto spec =
        supervisor::read_subscription(stack.context->services, caller, entry, "params");
    if (!spec) return require(!spec.error().message.empty(), "a refused entry has its sentence");
    const json kept = spec->to_json(SessionSpec::Secrets::Kept);
    require(SessionSpec::from_json(kept, "params").has_value(), "a spec that was read is a spec");
    require(
        spec->to_json(SessionSpec::Secrets::Hidden).dump().find("credentials") == std::string::npos,
        "credentials are hidden");
  };
  if (method == "session.subscribe") {
    read(params);
    return true;
  }
  if (method == "session.setSubscriptionList") {
    if (const auto list = params.find("sessions"); list != params.end() && list->is_array()) {
      for (const json& entry : *list) read(entry);
    }
    return true;
  }
  if (method == "session.reconfigure") {
    static const SessionSpec kNow = [] {
      SessionSpec now{.id = SubscriptionId::parse("cam").value(),
                      .url = RtspUrl::parse("rtsp://u:p@camera/x").value(),
                      .pipeline = PipelineSpec{},
                      .pipeline_name = "p"};
      now.pipeline->name = "p";
      now.pipeline->detect.model = "m";
      return now;
    }();
    const auto changed = supervisor::changed_spec(kNow, params, "params");
    require(changed || !changed.error().message.empty(), "a refused change has its sentence");
    return true;
  }
  return false;
}

}  // namespace

void try_request(std::span<const std::byte> bytes) {
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  const auto request = supervisor::parse_request(text);
  if (!request) {
    const auto& refusal = request.error();
    const std::string reply = supervisor::error_text(refusal.id, refusal.code, refusal.error);
    require(json::accept(reply), "a refusal is JSON");
    return require(reply.size() < 4096, "a refusal does not repeat what was sent");
  }
  require(request->id.empty() || json::accept(request->id), "an id is JSON");

  static testing::ControlStack stack;
  const Caller caller{.connection = 1,
                      .subscriber = std::make_shared<supervisor::Subscriber>(
                          stack.hub, stack.context->limits, [] {})};
  if (read_parameters(stack, caller, request->method, *request->params)) return;
  const auto* method = stack.context->methods.find(request->method);
  if (method == nullptr) return;
  std::optional<Result<std::string>> outcome;
  (*method)(caller, *request->params, [&](Result<std::string> result) {
    require(!outcome.has_value(), "a request is answered once");
    outcome = std::move(result);
  });
  stack.run_until(outcome);
  require(outcome.has_value(), "a request is answered");
  const auto& result = *outcome;
  require(json::accept(result ? supervisor::result_text("1", *result)
                              : supervisor::error_text("1", 0, result.error())),
          "an answer is JSON");
}

}  // namespace bulkhead::fuzz
