#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/log_reader.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kLogLines = 2000;

struct BundleOptions {
  std::string id;
  std::string output;
};

/// The end of the camera's log, line by line; why not, where it cannot be read.
json log_of(const Context& context, const BundleOptions& options, const std::string& file) {
  json lines = json::array();
  std::string problem;
  const auto read =
      read_log(context, {{"subscriptionIdentifier", options.id}, {"lines", kLogLines}},
               [&](const json& notification) {
                 const json& told = member_of(notification, "params");
                 if (!text_of(told, "file").empty())
                   problem = "the log has no file that can be read";
                 for (const json& line : member_of(told, "lines")) lines.push_back(line);
               });
  if (!read) problem = read.error().message;
  if (!problem.empty()) return {{"problem", problem}};
  return {{"file", file}, {"lines", std::move(lines)}};
}

/// For its owner alone, and never over a file that is there: a bundle is evidence.
Outcome<> write_new(const std::string& file, const std::string& text) {
  const UniqueFd out{::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)};
  const auto problem = [&]() -> Outcome<> {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    return Failure{Exit::Refused, "cannot write " + file + ": " + std::strerror(errno)};
  };
  if (!out) return problem();
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t more = ::write(out.get(), text.data() + written, text.size() - written);
    if (more < 0 && errno != EINTR) return problem();
    if (more > 0) written += static_cast<std::size_t>(more);
  }
  return boost::system::in_place_value;
}

Outcome<> bundle(const Context& context, const BundleOptions& options) {
  const auto id = SubscriptionId::parse(options.id);
  if (!id) return Failure{Exit::Usage, id.error().message};
  auto session = context.call("session.get", {{"subscriptionIdentifier", options.id}});
  if (!session) return session.error();
  // It may name a customer, and is no trouble of the camera's.
  if (session->is_object()) session->erase("context");
  auto system = context.call("system.state", json::object());
  if (!system) return system.error();
  const std::string made_at = iso8601_utc(wall_ns());
  json log = log_of(context, options, text_of(*session, "logFile"));
  const json whole{{"bundle", 1},
                   {"madeAt", made_at},
                   {"madeBy", "bulkhead " BULKHEAD_VERSION},
                   {"session", std::move(*session)},
                   {"system", std::move(*system)},
                   {"log", std::move(log)}};
  // "2026-01-05T12:00:00.123456Z" without what file systems and shells dislike.
  const std::string stamp = made_at.substr(0, 13) + made_at.substr(14, 2) + made_at.substr(17, 2);
  const std::string file = options.output.empty()
                               ? "bulkhead-" + id->file_stem() + "-" + stamp + ".json"
                               : options.output;
  constexpr int kIndent = 1;
  if (auto written = write_new(file, whole.dump(kIndent) + '\n'); !written) return written;
  std::cout << file << '\n';
  return boost::system::in_place_value;
}

}  // namespace

void declare_bundle(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<BundleOptions>();
  CLI::App* verb = app.add_subcommand(
      "bundle", "Write what is known of a camera's trouble to a file, without any secret");
  verb->add_option("id", options->id, "The camera's name")->required();
  verb->add_option("-o,--output", options->output, "Default: bulkhead-ID-TIME.json");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return bundle(context, *options); };
  });
}

}  // namespace bulkhead::cli
