#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/log_reader.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct LogsOptions {
  std::string id;
  bool supervisor = false;
  std::size_t lines = 20;
  bool follow = false;
  std::string level;
  std::string grep;
  std::string since;
  std::string gst_debug;
  std::int64_t gst_seconds = limits::kGstDebugTime.count();
};

json params_of(const LogsOptions& options) {
  json params{{"lines", options.lines}, {"follow", options.follow}};
  if (!options.gst_debug.empty()) {
    // What it told before we began to read, too.
    params = {{"lines", limits::kLogTailLines}, {"follow", true}, {"since", "1s"}};
  }
  if (options.supervisor) params["supervisor"] = true;
  if (!options.id.empty()) params["subscriptionIdentifier"] = options.id;
  if (!options.level.empty()) params["level"] = options.level;
  if (!options.grep.empty()) params["grep"] = options.grep;
  if (!options.since.empty()) params["since"] = options.since;
  return params;
}

/// Lines to standard output; what is said about them to standard error.
void print(const json& params) {
  if (flag_of(params, "cut")) std::cerr << "# there may be more than what is searched and kept\n";
  if (const auto lost = count_of(params, "lost"); lost > 0) {
    std::cerr << "# " << lost << " lines lost: reading is slow\n";
  }
  for (const json& line : member_of(params, "lines")) {
    if (line.is_string())
      std::cout << printable_text(line.get<std::string>(), limits::kLogLineBytes) << '\n';
  }
  std::cout << std::flush;
  const std::string file = text_of(params, "file");
  if (file == "missing") std::cerr << "# the log has no file; it is read once there is one\n";
  if (file == "refused") std::cerr << "# what has the name of the log is no log\n";
}

Outcome<> logs(const Context& context, const LogsOptions& options) {
  if (options.id.empty() != options.supervisor) {
    return Failure{Exit::Usage, "whose log? Give a camera's name, or --supervisor"};
  }
  std::optional<std::chrono::seconds> limit;
  if (!options.gst_debug.empty()) {
    const auto told = context.call("log.gstDebug", {{"subscriptionIdentifier", options.id},
                                                    {"categories", options.gst_debug},
                                                    {"seconds", options.gst_seconds}});
    if (!told) return told.error();
    constexpr std::chrono::seconds kLastWords{1};
    limit = std::chrono::seconds{options.gst_seconds} + kLastWords;
  }
  std::string file;
  const auto told = [&](const json& notification) {
    const json& params = member_of(notification, "params");
    if (const std::string state = text_of(params, "file"); !state.empty()) file = state;
    context.json ? print_line(notification) : print(params);
  };
  auto read = read_log(context, params_of(options), told, limit);
  if (read && !options.follow && (file == "missing" || file == "refused")) {
    return Failure{Exit::Refused, "this log has no file that can be read"};
  }
  return read;
}

}  // namespace

void declare_logs(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* verb =
      app.add_subcommand("logs", "Print the end of a camera's log, whether or not it runs");
  verb->add_option("id", options->id, "The camera's name");
  verb->add_flag("--supervisor", options->supervisor, "The supervisor's own log instead");
  verb->add_option("-n,--lines", options->lines, "How many lines")
      ->check(CLI::Range(std::size_t{0}, limits::kLogTailLines))
      ->capture_default_str();
  verb->add_flag("-f,--follow", options->follow, "Go on with what is appended, across rotation");
  verb->add_option("--level", options->level, "Lines of this level and above")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  verb->add_option("--grep", options->grep, "Lines that hold this text");
  verb->add_option("--since", options->since,
                   "Lines from a moment on: 2026-01-05T12:00:00Z, or so long ago: 90s 10m 2h 1d");
  verb->add_option("--gst-debug", options->gst_debug,
                   "Let GStreamer tell more for a while and follow it, e.g. rtspsrc:6");
  verb->add_option("--seconds", options->gst_seconds, "For how long, with --gst-debug")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{limits::kGstDebugLongest.count()}))
      ->capture_default_str();
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return logs(context, *options); };
  });
}

}  // namespace bulkhead::cli
