#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "supervisor/control/control_services.hpp"
#include "supervisor/control/json_rpc.hpp"
#include "supervisor/control/subscriber.hpp"
#include "supervisor/hub/notification.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

constexpr std::size_t kStreamIdBytes = 32;

Result<void> needs_connection(const Caller& caller) {
  if (caller.subscriber != nullptr) return {};
  return Error{ErrorCode::InvalidParams, "streams need a WebSocket connection", {}};
}

void read_sessions(JsonFields& fields, StreamFilter& filter) {
  for (const std::string& name :
       fields.strings("sessions", limits::kFilterSessions, limits::kSubscriptionIdChars)) {
    auto id = SubscriptionId::parse(name);
    if (!id) return fields.fail("sessions", id.error().message);
    filter.sessions.insert(std::move(*id));
  }
}

/// `kinds` names notifications; absent means all of them.
void read_kinds(JsonFields& fields, StreamFilter& filter) {
  constexpr std::size_t kKindBytes = 32;
  constexpr std::size_t kKinds = 3;
  const auto kinds = fields.strings("kinds", kKinds, kKindBytes);
  if (kinds.empty()) return;
  filter.detections = false;
  filter.states = false;
  filter.alerts = false;
  for (const std::string& kind : kinds) {
    if (kind == kDetectionMethod) {
      filter.detections = true;
    } else if (kind == kSessionStateMethod) {
      filter.states = true;
    } else if (kind == kSystemAlertMethod) {
      filter.alerts = true;
    } else {
      fields.fail("kinds", R"(a kind is "detection", "session.state" or "system.alert")");
    }
  }
}

using Resume = std::map<SubscriptionId, ResultPosition>;

struct Opening {
  StreamFilter filter;
  Resume resume;
};

Result<> read_position(const json& given, const std::string& path, Resume& resume) {
  JsonFields fields{given, path};
  const auto id =
      SubscriptionId::parse(fields.required_string("session", limits::kSubscriptionIdChars));
  const auto generation =
      fields.integer("generation", 0, 0, std::numeric_limits<Generation>::max());
  const auto sequence = fields.integer("sequence", 0, 0, std::numeric_limits<std::int64_t>::max());
  if (!id) fields.fail("session", id.error().message);
  if (const auto done = fields.finish(); !done) return done.error();
  resume[*id] = {static_cast<Generation>(generation), static_cast<Sequence>(sequence)};
  return {};
}

/// `resumeFrom`: of each session the last result that the client has.
void read_resume(JsonFields& fields, Resume& resume) {
  const json* given = fields.member("resumeFrom");
  if (given == nullptr) return;
  if (!given->is_array() || given->size() > limits::kFilterSessions) {
    return fields.fail("resumeFrom", "must be a list of at most " +
                                         std::to_string(limits::kFilterSessions) + " positions");
  }
  for (std::size_t i = 0; i < given->size(); ++i) {
    const std::string path = fields.path_of("resumeFrom") + '[' + std::to_string(i) + ']';
    if (const auto read = read_position((*given)[i], path, resume); !read) {
      return fields.fail(read.error());
    }
  }
}

Result<Opening> read_opening(const json& params) {
  JsonFields outer{params, "params"};
  Opening opening;
  StreamFilter& filter = opening.filter;
  if (const json* given = outer.member("filter"); given != nullptr) {
    JsonFields fields{*given, outer.path_of("filter")};
    read_sessions(fields, filter);
    for (std::string& label : fields.strings("labels", limits::kLabels, limits::kLabelBytes)) {
      filter.objects.labels.insert(std::move(label));
    }
    filter.objects.min_confidence = static_cast<float>(fields.number("minConfidence", 0, 0, 1));
    filter.empty_frames = fields.boolean("emptyFrames", true);
    read_kinds(fields, filter);
    if (const auto done = fields.finish(); !done) return done.error();
  }
  read_resume(outer, opening.resume);
  if (const auto done = outer.finish(); !done) return done.error();
  return opening;
}

Result<std::string> only_stream_id(const json& params) {
  JsonFields fields{params, "params"};
  std::string id = fields.required_string("streamId", kStreamIdBytes);
  if (const auto done = fields.finish(); !done) return done.error();
  return id;
}

void open(const ControlServices& services, const Caller& caller, const json& params,
          const Reply& reply) {
  if (const auto may = needs_connection(caller); !may) return reply(may.error());
  auto opening = read_opening(params);
  if (!opening) return reply(opening.error());
  auto opened = caller.subscriber->open(std::move(opening->filter), opening->resume);
  if (!opened) return reply(opened.error());
  json answer{{"streamId", std::move(opened->id)}};
  if (!opening->resume.empty()) answer["replayed"] = opened->replayed;
  reply(json_text_of(answer));
  services.sessions.look_at_demand();
}

void close(const Caller& caller, const json& params, const Reply& reply) {
  if (const auto may = needs_connection(caller); !may) return reply(may.error());
  const auto id = only_stream_id(params);
  if (!id) return reply(id.error());
  if (const auto closed = caller.subscriber->close(*id); !closed) return reply(closed.error());
  reply(json_text_of(json{{"streamId", *id}}));
}

void stats(const Caller& caller, const json& params, const Reply& reply) {
  if (const auto may = needs_connection(caller); !may) return reply(may.error());
  const auto id = only_stream_id(params);
  if (!id) return reply(id.error());
  const auto stream = caller.subscriber->stream(*id);
  if (!stream) return reply(stream.error());
  const Outbox& outbox = (*stream)->outbox();
  json dropped = json::object();
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    dropped[std::string{ipc::name_of(priority)}] = outbox.dropped_total(priority);
  }
  reply(json_text_of(json{{"streamId", *id},
                          {"offeredTotal", (*stream)->offered_total()},
                          {"droppedTotal", std::move(dropped)},
                          {"queuedMessages", outbox.messages()},
                          {"queuedBytes", outbox.bytes()}}));
}

}  // namespace

void add_stream_methods(MethodTable& table, const ControlServices& services) {
  table.add("stream.open",
            [services](const Caller& caller, const json& params, const Reply& reply) {
              open(services, caller, params, reply);
            });
  table.add("stream.close", close);
  table.add("stream.stats", stats);
}

}  // namespace bulkhead::supervisor
