#include "supervisor/cli/session_text.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/availability_options.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

constexpr std::string_view kNothing = "-";

std::string or_nothing(std::string_view text) {
  return std::string{text.empty() ? kNothing : text};
}

std::string decimal(double value, int places = 1) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", places, value);
  return text.data();
}

std::string age_of(const json& session, std::string_view key, std::int64_t now_ms) {
  const auto then = iso8601_ms(text_of(session, key));
  return then ? duration_text(now_ms - *then) : std::string{kNothing};
}

std::string pid_of(const json& session) {
  const std::int64_t pid = count_of(member_of(session, "worker"), "pid");
  return pid > 0 ? std::to_string(pid) : std::string{kNothing};
}

bool delivers(const json& session) {
  return text_of(session, "state") == "LIVE" || text_of(session, "state") == "DEGRADED";
}

std::string model_text(const json& model) {
  if (!model.is_object()) return std::string{kNothing};
  return text_of(model, "name") + " (" + text_of(model, "family") + ", " +
         std::to_string(count_of(model, "inputWidth")) + "x" +
         std::to_string(count_of(model, "inputHeight")) + ", " + text_of(model, "engine") +
         ", sha256 " + text_of(model, "sha256").substr(0, 12) + "…)";
}

std::string pipeline_text(const json& pipeline) {
  if (pipeline.is_string()) return pipeline.get<std::string>();
  return or_nothing(text_of(pipeline, "name"));
}

std::string restarts_text(const json& restarts) {
  std::string text = std::to_string(count_of(restarts, "total"));
  std::string reasons;
  for (const auto& [reason, count] : member_of(restarts, "byReason").items()) {
    reasons += (reasons.empty() ? " (" : ", ") + reason + " " + count.dump();
  }
  return text + (reasons.empty() ? "" : reasons + ")");
}

std::string frames_text(const json& counters) {
  return "received " + std::to_string(count_of(counters, "framesReceivedTotal")) + ", inferred " +
         std::to_string(count_of(counters, "framesInferredTotal")) + ", dropped " +
         std::to_string(count_of(counters, "framesDroppedTotal")) + ", reconnects " +
         std::to_string(count_of(counters, "reconnectsTotal"));
}

/// "Landlock 7, TCP to 554 only, system calls filtered; missing: …".
std::string confinement_text(const json& level) {
  if (!level.is_object()) return "";
  const json& ports = member_of(level, "tcpPorts");
  std::string text = "Landlock " + std::to_string(count_of(level, "landlock"));
  if (ports.is_array()) {
    std::string list;
    for (const json& port : ports) list += (list.empty() ? "" : ", ") + port.dump();
    text += list.empty() ? ", no TCP" : ", TCP to " + list + " only";
  }
  const json& filter = member_of(level, "systemCallFilter");
  if (filter == json(true)) text += ", system calls filtered";
  text += ", uid " + std::to_string(count_of(level, "uid"));
  std::string missing;
  for (const json& gap : member_of(level, "missing")) {
    if (gap.is_string()) missing += (missing.empty() ? "" : "; ") + gap.get<std::string>();
  }
  return text + (missing.empty() ? "" : "; missing: " + missing);
}

std::string exit_text(const json& exit) {
  const json& signal = member_of(exit, "signal");
  const std::string how = signal.is_number() ? "signal " + signal.dump()
                                             : "exit code " + member_of(exit, "exitCode").dump();
  const std::string why = text_of(exit, "text");
  const std::int64_t peak_mib = count_of(exit, "peakRssBytes") / (1024 * 1024);
  return text_of(exit, "at") + "  generation " + std::to_string(count_of(exit, "generation")) +
         ", after " + duration_text(count_of(exit, "uptimeMs")) + ": " + how + ", " +
         text_of(exit, "reason") + (why.empty() ? "" : ": " + why) +
         (peak_mib > 0 ? " (at most " + std::to_string(peak_mib) + " MiB)" : "");
}

}  // namespace

std::string reason_text(const json& session) {
  const std::string reason = text_of(session, "reason");
  std::string sentence = text_of(session, "reasonText");
  if (reason.empty() || reason == "NONE") return sentence;
  return reason + (sentence.empty() ? "" : ": " + sentence);
}

std::string sessions_table(const json& result, std::int64_t now_ms, bool colours) {
  const json& sessions = member_of(result, "sessions");
  if (!sessions.is_array() || sessions.empty()) {
    return "No cameras. Add one: bulkhead add NAME rtsp://CAMERA/PATH\n";
  }
  Table table;
  const auto heading = [](const char* text, bool right = false) {
    return Table::Cell{text, Colour::Dim, right};
  };
  table.add({heading("ID"), heading("STATE"), heading("SINCE", true), heading("FPS", true),
             heading("PID", true), heading("GEN", true), heading("RESTARTS", true),
             heading("AVAILABILITY"), heading("REASON")});
  for (const json& session : sessions) {
    const std::string state = text_of(session, "state");
    const double fps = number_of(member_of(session, "counters"), "fps");
    const std::int64_t restarts = count_of(member_of(session, "restarts"), "total");
    table.add({{text_of(session, "subscriptionIdentifier")},
               {state, colour_of_state(state)},
               {age_of(session, "since", now_ms), Colour::None, true},
               {delivers(session) ? decimal(fps) : std::string{kNothing}, Colour::None, true},
               {pid_of(session), Colour::None, true},
               {std::to_string(count_of(session, "generation")), Colour::None, true},
               {std::to_string(restarts), restarts > 0 ? Colour::Yellow : Colour::None, true},
               {or_nothing(text_of(session, "availability"))},
               {or_nothing(reason_text(session))}});
  }
  return table.text(colours);
}

std::string session_details(const json& session, std::int64_t now_ms, bool colours) {
  Table table;
  const auto fact = [&](const char* name, const std::string& value, Colour colour = Colour::None) {
    table.add({{name, Colour::Dim}, {or_nothing(value), colour}});
  };
  const std::string state = text_of(session, "state");
  const json& counters = member_of(session, "counters");
  const json& worker = member_of(session, "worker");
  fact("id", text_of(session, "subscriptionIdentifier"));
  fact("state", state + " for " + age_of(session, "since", now_ms), colour_of_state(state));
  fact("desired", text_of(session, "desired"));
  fact("reason", reason_text(session));
  for (const json& alert : member_of(session, "alerts")) {
    fact("alert",
         text_of(alert, "kind") + " for " + age_of(alert, "since", now_ms) + ": " +
             text_of(alert, "text"),
         Colour::Yellow);
  }
  fact("camera", text_of(session, "rtspUrl"));
  fact("availability", text_of(session, "availability"));
  if (session.contains("schedule")) fact("schedule", schedule_text(session["schedule"]));
  const std::string next_start = text_of(session, "nextStart");
  if (!next_start.empty()) fact("next start", next_start);
  if (const std::string context = context_text(session); !context.empty()) fact("context", context);
  fact("transport", text_of(session, "transport"));
  fact("pipeline", pipeline_text(member_of(session, "pipeline")));
  fact("model", model_text(member_of(session, "model")));
  if (member_of(session, "canary").is_object()) {
    fact("canary", canary_text(member_of(session, "canary"), now_ms));
  }
  fact("generation", std::to_string(count_of(session, "generation")));
  fact("worker", worker.is_object()
                     ? "pid " + pid_of(session) + ", up " + age_of(worker, "startedAt", now_ms)
                     : "");
  fact("confined", confinement_text(member_of(session, "confinement")));
  fact("picture", std::to_string(count_of(counters, "sourceWidth")) + "x" +
                      std::to_string(count_of(counters, "sourceHeight")) + ", " +
                      decimal(number_of(counters, "fps")) + " frames/s inferred");
  const json& age = member_of(counters, "lastFrameAgeMs");
  fact("last frame",
       age.is_number() ? duration_text(age.get<std::int64_t>()) + " ago" : "none yet");
  fact("frames", frames_text(counters));
  fact("restarts", restarts_text(member_of(session, "restarts")));
  const json& exits = member_of(session, "lastExits");
  for (const json& exit : exits) fact("exit", exit_text(exit));
  if (exits.is_array() && !exits.empty()) {
    for (const json& line : member_of(exits.front(), "lastLogLines")) {
      if (line.is_string()) fact("  last", line.get_ref<const std::string&>());
    }
  }
  fact("log", text_of(session, "logFile"));
  return table.text(colours);
}

std::string canary_text(const json& canary, std::int64_t now_ms) {
  std::string text = text_of(canary, "state") + " for " + age_of(canary, "since", now_ms) + ": " +
                     text_of(canary, "model");
  if (member_of(canary, "agreement").is_number()) {
    text += ", agreement " + decimal(number_of(canary, "agreement"), 2) + " in " +
            std::to_string(count_of(canary, "framesWithObjects")) + " of " +
            std::to_string(count_of(canary, "frames")) + " frames (" +
            std::to_string(count_of(canary, "framesSkipped")) + " skipped)";
  }
  if (member_of(canary, "costRatio").is_number()) {
    text += ", cost ratio " + decimal(number_of(canary, "costRatio"), 2);
  }
  const std::string why = reason_text(canary);
  return text + (why.empty() ? "" : "; " + why);
}

std::string reconfigured_line(const std::string& id, const json& result) {
  const std::string how = text_of(result, "how");
  std::string became = "its next worker starts beside the present one";
  if (how == "replace") became = "its next worker follows the present one";
  if (how == "hot") {
    became = member_of(result, "applied") == json(true)
                 ? "its worker goes on with it"
                 : "its worker did not answer, the next one will have it";
  }
  return id + " reconfigured (" + how + "): " + became + "\n";
}

std::string context_text(const json& object) {
  const std::string stage = text_of(object, "stage");
  return text_of(object, "context") + (stage.empty() ? "" : " (" + stage + ")");
}

std::string context_line(const json& result) {
  const std::string context = context_text(result);
  std::string line = text_of(result, "subscriptionIdentifier") +
                     (context.empty() ? " has no context" : " has the context " + context);
  const json& applied = member_of(result, "applied");
  if (applied == json(true)) line += ": its worker goes on with it";
  if (applied == json(false)) line += ": its worker did not answer, the next one will have it";
  return line + "\n";
}

std::string applied_text(const json& result, bool colours) {
  struct Mark {
    const char* change;
    const char* sign;
    Colour colour;
  };
  constexpr std::array kMarks{
      Mark{"added", "+", Colour::Green},   Mark{"reconfigured", "~", Colour::Yellow},
      Mark{"removed", "-", Colour::Red},   Mark{"refused", "!", Colour::Red},
      Mark{"held_back", "?", Colour::Dim}, Mark{"unchanged", "=", Colour::Dim},
  };
  Table table;
  std::string sums;
  for (const Mark& mark : kMarks) {
    std::size_t count = 0;
    for (const json& entry : member_of(result, "sessions")) {
      if (text_of(entry, "change") != mark.change) continue;
      ++count;
      std::string note = mark.change;
      if (const std::string how = text_of(entry, "how"); !how.empty()) note += " (" + how + ")";
      const json& error = member_of(entry, "error");
      if (!error.is_null()) note = text_of(error, "code") + ": " + text_of(error, "message");
      if (member_of(entry, "kept") == json(false)) note += ", not on disk";
      const std::string name = text_of(entry, "subscriptionIdentifier");
      table.add({{mark.sign, mark.colour}, {name.empty() ? "?" : name}, {note, mark.colour}});
    }
    if (count == 0) continue;
    sums += (sums.empty() ? "" : ", ") + std::to_string(count) + " " +
            (std::string_view{mark.change} == "held_back" ? "held back" : mark.change);
  }
  return table.text(colours) + (sums.empty() ? "no sessions" : sums) + "\n";
}

std::size_t refused_entries(const json& result) {
  const json& entries = member_of(result, "sessions");
  return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [](const json& e) {
    return text_of(e, "change") == "refused";
  }));
}

std::string restart_line(const std::string& id, const json& result) {
  return id + " restarted (" + text_of(result, "mode") + "): generation " +
         std::to_string(count_of(result, "generation")) + ", gap " +
         duration_text(count_of(result, "gapMs")) + ", " +
         std::to_string(count_of(result, "lostFrames")) + " frames lost, " +
         std::to_string(count_of(result, "duplicateFrames")) + " twice\n";
}

std::string system_text(const json& result) {
  const json& sessions = member_of(result, "sessions");
  Table table;
  const auto fact = [&](const char* name, const std::string& value) {
    table.add({{name, Colour::Dim}, {value}});
  };
  fact("version", text_of(result, "version") + " on " + text_of(result, "host"));
  fact("up", duration_text(static_cast<std::int64_t>(number_of(result, "uptimeS") * 1000)));
  fact("cameras", std::to_string(count_of(sessions, "live")) + " live of " +
                      std::to_string(count_of(sessions, "total")) + " (at most " +
                      std::to_string(count_of(sessions, "max")) + ")");
  fact("clients", std::to_string(count_of(result, "connections")) + " connected, " +
                      std::to_string(count_of(result, "streams")) + " streams");
  fact("loop",
       "longest stall " + decimal(number_of(member_of(result, "loop"), "maxStallMs")) + " ms");
  return table.text(false);
}

}  // namespace bulkhead::cli
