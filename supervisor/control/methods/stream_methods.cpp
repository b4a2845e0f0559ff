#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/clock.hpp"
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

constexpr std::string_view kStreamNeedsConnection = "streams need a WebSocket connection";

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
  constexpr std::size_t kKinds = 4;
  const auto kinds = fields.strings("kinds", kKinds, kKindBytes);
  if (kinds.empty()) return;
  filter.detections = false;
  filter.states = false;
  filter.alerts = false;
  filter.events = false;
  for (const std::string& kind : kinds) {
    if (kind == kDetectionMethod) {
      filter.detections = true;
    } else if (kind == kSessionStateMethod) {
      filter.states = true;
    } else if (kind == kSystemAlertMethod) {
      filter.alerts = true;
    } else if (kind == kEventMethod) {
      filter.events = true;
    } else {
      fields.fail("kinds", R"(a kind is "detection", "event", "session.state" or "system.alert")");
    }
  }
}

/// `events`: which ones; absent means all of them.
void read_events(JsonFields& fields, StreamFilter& filter) {
  const json* given = fields.member("events");
  if (given == nullptr) return;
  JsonFields events{*given, fields.path_of("events")};
  constexpr std::size_t kKindBytes = 32;
  const auto kinds = events.strings("kinds", kEventKinds, kKindBytes);
  if (!kinds.empty()) filter.event_kinds.reset();
  for (const std::string& name : kinds) {
    const auto kind = event_kind_of(name);
    if (!kind) {
      events.fail("kinds", R"(a kind of event is "zone.enter", "zone.leave", "zone.dwell", )"
                           R"("zone.count", "line.cross", "track.new", "track.update", )"
                           R"("track.lost" or "track.end")");
      break;
    }
    filter.event_kinds.set(static_cast<std::size_t>(*kind));
  }
  for (std::string& zone : events.strings("zones", limits::kZones, limits::kLabelBytes)) {
    filter.event_zones.insert(std::move(zone));
  }
  if (const auto done = events.finish(); !done) fields.fail(done.error());
}

using Resume = Subscriber::Resume;

struct Opening {
  StreamFilter filter;
  StreamPolicy policy;
  Resume resume;
};

ResultPosition read_number(JsonFields& fields) {
  const auto generation =
      fields.integer("generation", 0, 0, std::numeric_limits<Generation>::max());
  const auto sequence = fields.integer("sequence", 0, 0, std::numeric_limits<std::int64_t>::max());
  return {static_cast<Generation>(generation), static_cast<Sequence>(sequence)};
}

Result<> read_position(const json& given, const std::string& path, Resume& resume) {
  JsonFields fields{given, path};
  const auto id =
      SubscriptionId::parse(fields.required_string("session", limits::kSubscriptionIdChars));
  ResumePoint point{.result = read_number(fields)};
  if (const json* alert = fields.member("alert"); alert != nullptr) {
    JsonFields number{*alert, fields.path_of("alert")};
    point.alert = read_number(number);
    if (const auto done = number.finish(); !done) return done.error();
  }
  if (!id) fields.fail("session", id.error().message);
  if (const auto done = fields.finish(); !done) return done.error();
  resume[*id] = point;
  return {};
}

/// What to do when the class comes to its threshold: one of the names, or `{"block": ms}`.
void read_class_policy(JsonFields& fields, const char* key, ClassPolicy& policy) {
  const json* given = fields.member(key);
  if (given == nullptr) return;
  if (given->is_object()) {
    JsonFields block{*given, fields.path_of(key)};
    constexpr auto kMost = std::chrono::milliseconds{limits::kStreamBlock}.count();
    policy = {.overflow = OverflowPolicy::Block,
              .block_limit = std::chrono::milliseconds{block.integer("block", 0, 1, kMost)}};
    if (const auto done = block.finish(); !done) fields.fail(done.error());
    return;
  }
  const auto named =
      given->is_string() ? overflow_policy_of(given->get_ref<const std::string&>()) : std::nullopt;
  if (!named || *named == OverflowPolicy::Block) {
    return fields.fail(key, R"(must be "drop_oldest", "drop_newest", "coalesce", "error" or )"
                            R"({"block": milliseconds})");
  }
  policy = {.overflow = *named};
}

void read_policy(JsonFields& outer, StreamPolicy& policy) {
  const json* given = outer.member("policy");
  if (given == nullptr) return;
  JsonFields fields{*given, outer.path_of("policy")};
  read_class_policy(fields, "important", policy.important);
  read_class_policy(fields, "bulk", policy.bulk);
  policy.max_rate = fields.number("maxRate", 0, 0, limits::kStreamRate);
  constexpr auto kMost = std::chrono::milliseconds{limits::kStreamTimeToLive}.count();
  policy.time_to_live = std::chrono::milliseconds{fields.integer("ttlMs", 0, 0, kMost)};
  policy.compress = fields.boolean("compress", false);
  if (const auto done = fields.finish(); !done) outer.fail(done.error());
}

/// `resumeFrom`: of each session the last result that the client has.
void read_resume(JsonFields& fields, Resume& resume) {
  const json* given = fields.member("resumeFrom");
  if (given == nullptr) return;
  if (!given->is_array() || given->size() > limits::kResumedSessions) {
    return fields.fail("resumeFrom", "must be a list of at most " +
                                         std::to_string(limits::kResumedSessions) + " positions");
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
    read_events(fields, filter);
    if (const auto done = fields.finish(); !done) return done.error();
  }
  read_policy(outer, opening.policy);
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
  if (const auto may = needs_connection(caller, kStreamNeedsConnection); !may)
    return reply(may.error());
  auto opening = read_opening(params);
  if (!opening) return reply(opening.error());
  opening->filter.scope = caller.identity->scope;
  auto opened =
      caller.subscriber->open(std::move(opening->filter), opening->policy, opening->resume);
  if (!opened) return reply(opened.error());
  json answer{{"streamId", std::move(opened->id)}};
  if (!opening->resume.empty()) answer["replayed"] = opened->replayed;
  reply(json_text_of(answer));
  services.sessions.look_at_demand();
}

void close(const Caller& caller, const json& params, const Reply& reply) {
  if (const auto may = needs_connection(caller, kStreamNeedsConnection); !may)
    return reply(may.error());
  const auto id = only_stream_id(params);
  if (!id) return reply(id.error());
  if (const auto closed = caller.subscriber->close(*id); !closed) return reply(closed.error());
  reply(json_text_of(json{{"streamId", *id}}));
}

json stats_of(const Stream& stream) {
  const Outbox& outbox = stream.outbox();
  json dropped = json::object();
  json queued = json::object();
  for (const ipc::PriorityClass priority : ipc::kAllPriorityClasses) {
    dropped[std::string{ipc::name_of(priority)}] = outbox.dropped_total(priority);
    queued[std::string{ipc::name_of(priority)}] = outbox.messages(priority);
  }
  return {{"streamId", stream.id()},
          {"status", name_of(stream.status())},
          {"pressure", name_of(outbox.pressure())},
          {"fill", outbox.fill(monotonic_ns())},
          {"capacity", outbox.capacity()},
          {"rateLimit", stream.rate_limit()},
          {"drainPerS", stream.drain_per_second()},
          {"offeredTotal", stream.offered_total()},
          {"droppedTotal", std::move(dropped)},
          {"queued", std::move(queued)},
          {"queuedMessages", outbox.messages()},
          {"queuedBytes", outbox.bytes()}};
}

void stats(const Caller& caller, const json& params, const Reply& reply) {
  if (const auto may = needs_connection(caller, kStreamNeedsConnection); !may)
    return reply(may.error());
  const auto id = only_stream_id(params);
  if (!id) return reply(id.error());
  const auto stream = caller.subscriber->stream(*id);
  if (!stream) return reply(stream.error());
  reply(json_text_of(stats_of(**stream)));
}

}  // namespace

void add_stream_methods(MethodTable& table, const ControlServices& services) {
  table.add("stream.open", {Role::Viewer, Effect::Reads},
            [services](const Caller& caller, const json& params, const Reply& reply) {
              open(services, caller, params, reply);
            });
  table.add("stream.close", {Role::Viewer, Effect::Reads}, close);
  table.add("stream.stats", {Role::Viewer, Effect::Reads}, stats);
}

}  // namespace bulkhead::supervisor
