#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/rtsp_url.hpp"
#include "common/text_file.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/availability_options.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/event_text.hpp"
#include "supervisor/cli/session_text.hpp"
#include "supervisor/cli/text.hpp"
#include "supervisor/cli/zone_options.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

struct AddOptions {
  std::string id;
  std::string url;
  std::string pipeline;
  std::string transport;
  std::string lifetime;
  std::string user;
  std::string password_file;
  AvailabilityOptions availability;
  ZoneOptions zones;
  std::string log_level;
  std::optional<int> priority;
  std::optional<int> max_connections;
  bool loop = false;
  bool flat_out = false;
  bool wait = false;
};

/// The first line of a file, or of standard input for "-", so that no password stands in the
/// process list or in the shell's history.
Outcome<std::string> read_password(const std::string& file) {
  const std::string path = file == "-" ? "/dev/stdin" : file;
  auto text = read_text_file(path, limits::kCredentialBytes + 2);
  if (!text) return Failure{Exit::Refused, "--password-file: " + text.error().message};
  std::string password = text->substr(0, text->find_first_of("\r\n"));
  if (password.empty()) return Failure{Exit::Refused, "--password-file: " + file + " is empty"};
  return password;
}

/// A name as it is; a file by its content.
Outcome<json> read_pipeline(const std::string& name_or_file) {
  const bool is_file =
      name_or_file.find('/') != name_or_file.npos || name_or_file.ends_with(".json");
  if (!is_file) return {boost::system::in_place_value, name_or_file};
  const auto text = read_text_file(name_or_file, limits::kJsonBytes);
  if (!text) return Failure{Exit::Refused, "--pipeline: " + text.error().message};
  auto pipeline = parse_json(*text, JsonComments::Allowed);
  if (!pipeline) {
    return Failure{Exit::Refused, "--pipeline " + name_or_file + ": " + pipeline.error().message};
  }
  return {boost::system::in_place_value, std::move(*pipeline)};
}

Outcome<json> subscription_of(const AddOptions& options) {
  json params{{"subscriptionIdentifier", options.id}, {"rtspUrl", options.url}};
  if (!options.pipeline.empty()) {
    auto pipeline = read_pipeline(options.pipeline);
    if (!pipeline) return pipeline;
    params["pipeline"] = std::move(*pipeline);
  }
  if (!options.user.empty()) {
    params["credentials"]["username"] = options.user;
    if (!options.password_file.empty()) {
      auto password = read_password(options.password_file);
      if (!password) return password.error();
      params["credentials"]["password"] = std::move(*password);
    }
  }
  if (!options.transport.empty()) params["transport"] = options.transport;
  if (!options.lifetime.empty()) params["lifetime"] = options.lifetime;
  put_availability(options.availability, params);
  if (auto put = put_zones(options.zones, params); !put) return put.error();
  if (!options.log_level.empty()) params["logLevel"] = options.log_level;
  if (options.priority) params["priority"] = *options.priority;
  if (options.max_connections) params["maxRtspConnections"] = *options.max_connections;
  if (options.loop) params["loop"] = true;
  if (options.flat_out) params["pace"] = "flat_out";
  return {boost::system::in_place_value, std::move(params)};
}

/// States that no waiting ends.
bool needs_operator(const std::string& state) {
  constexpr std::array<std::string_view, 4> kFinal{"FAILED", "AUTH_FAILED", "CRASH_LOOP",
                                                   "STOPPED"};
  return std::find(kFinal.begin(), kFinal.end(), state) != kFinal.end();
}

/// Follows the session's changes, which a stream opened before it was added delivers, until it is
/// live. `state` and `reason` are those of the answer to `session.subscribe`.
Outcome<> wait_until_live(const Context& context, RpcClient& client, const std::string& id,
                          std::string state) {
  const auto deadline = std::chrono::steady_clock::now() + context.wait_time();
  std::string reason;
  while (state != "LIVE") {
    const std::string status = id + " is " + state + (reason.empty() ? "" : ": " + reason);
    if (needs_operator(state)) {
      return Failure{Exit::Refused,
                     status + "\n  It stays registered; bulkhead rm " + id + " forgets it."};
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    auto event = client.next_notification(std::max(left, RpcClient::Limit::zero()));
    if (!event && event.error().exit == Exit::Timeout) {
      return Failure{Exit::Timeout, status + " after " +
                                        std::to_string(context.wait_time().count()) +
                                        " s\n  It stays registered and goes on trying."};
    }
    if (!event) return event.error();
    const json& change = member_of(*event, "params");
    if (text_of(*event, "method") != "session.state" || text_of(change, "session") != id) continue;
    if (!context.json) std::cout << event_line(*event, context.colours) << std::endl;
    state = text_of(change, "to");
    reason = reason_text(change);
  }
  return boost::system::in_place_value;
}

void discourage_password_in_arguments(const std::string& url) {
  const auto parsed = RtspUrl::parse(url);
  if (!parsed || parsed->password.empty()) return;
  std::cerr << "bulkhead: note: every user of this machine can read a password in the arguments "
               "(ps); give it with --user NAME --password-file FILE\n";
}

Outcome<> add(const Context& context, const AddOptions& options) {
  discourage_password_in_arguments(options.url);
  const auto params = subscription_of(options);
  if (!params) return params.error();
  auto client = context.connect();
  if (!client) return client.error();
  if (options.wait) {
    // Detections are no more than a wish for them: one on demand would not start for its states.
    const json filter{{"sessions", {options.id}}, {"kinds", {"session.state", "detection"}}};
    const auto stream = client->call("stream.open", {{"filter", filter}}, context.call_time());
    if (!stream) return stream.error();
  }
  auto result = client->call("session.subscribe", *params, context.call_time());
  if (!result) return result.error();
  const std::string state = text_of(*result, "state");
  if (!context.json) {
    const std::string change = text_of(*result, "change");
    std::cout << options.id << " " << (change.empty() ? "added" : change) << ": "
              << coloured(state, colour_of_state(state), context.colours) << ", generation "
              << count_of(*result, "generation") << std::endl;
  }
  if (options.wait) {
    const auto live = wait_until_live(context, *client, options.id, state);
    if (!live) return live.error();
    result =
        client->call("session.get", {{"subscriptionIdentifier", options.id}}, context.call_time());
    if (!result) return result.error();
  }
  if (context.json) print_answer(*result);
  return boost::system::in_place_value;
}

}  // namespace

void declare_add(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* verb =
      app.add_subcommand("add", "Add a camera, or change one; the same again is nothing");
  verb->add_option("id", options->id,
                   "Its name: letters, digits and . _ : ; -, e.g. gate or \"d1;cam-2\"")
      ->required();
  verb->add_option("rtspUrl", options->url, "rtsp://HOST[:PORT]/PATH, or file:///PATH for a clip")
      ->required();
  verb->add_option("--pipeline", options->pipeline,
                   "A name the supervisor knows, or a file (with / or .json) sent along");
  auto* user = verb->add_option("--user", options->user, "The camera's user name");
  verb->add_option("--password-file", options->password_file,
                   "File whose first line is the password; - for standard input")
      ->needs(user);
  verb->add_option("--transport", options->transport, "tcp (default) or udp")
      ->check(CLI::IsMember({"tcp", "udp"}));
  verb->add_option("--lifetime", options->lifetime,
                   "persistent (default), or connection: ends after this command's connection")
      ->check(CLI::IsMember({"persistent", "connection"}));
  declare_availability(*verb, options->availability);
  declare_zones(*verb, options->zones);
  verb->add_option("--log-level", options->log_level, "Of its worker: trace debug info warn error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  verb->add_option("--priority", options->priority,
                   "0 to 9 (default 5): the highest starts first when the supervisor comes back");
  verb->add_option("--max-rtsp-connections", options->max_connections,
                   "Viewers the camera serves at once; 1: a restart cannot overlap");
  verb->add_flag("--loop", options->loop, "Clips only: start again at the end");
  verb->add_flag("--flat-out", options->flat_out, "Clips only: as fast as it decodes");
  verb->add_flag("--wait", options->wait, "Return when it is live, or say why it cannot be");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return add(context, *options); };
  });
}

}  // namespace bulkhead::cli
