#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/ids.hpp"
#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/base64.hpp"
#include "supervisor/cli/commands/command.hpp"

namespace bulkhead::cli {

namespace {

struct SnapshotOptions {
  std::string id;
  std::string name;  // of an event's picture; empty: the latest one
  bool boxes = false;
  std::string output;
};

Outcome<> write_picture(const std::string& file, const std::string& jpeg) {
  if (file == "-") {
    if (::isatty(STDOUT_FILENO) == 1) {
      return Failure{Exit::Usage, "a picture on the terminal? Redirect it, or give -o FILE"};
    }
    std::cout << jpeg << std::flush;
    return boost::system::in_place_value;
  }
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  out << jpeg << std::flush;
  if (!out) return Failure{Exit::Refused, "cannot write " + file};
  return boost::system::in_place_value;
}

Outcome<nlohmann::json> ask(const Context& context, const SnapshotOptions& options) {
  nlohmann::json params{{"subscriptionIdentifier", options.id}};
  if (options.name.empty()) return context.call("session.snapshot", params);
  params["snapshot"] = options.name;
  params["boxes"] = options.boxes;
  return context.call("history.snapshot", params);
}

std::string default_file(const SubscriptionId& id, const SnapshotOptions& options) {
  std::string file = id.file_stem();
  if (!options.name.empty()) file += "-" + options.name;
  return file + (options.boxes ? ".boxes.jpg" : ".jpg");
}

Outcome<> snapshot(const Context& context, const SnapshotOptions& options) {
  const auto id = SubscriptionId::parse(options.id);
  if (!id) return Failure{Exit::Usage, id.error().message};
  const auto result = ask(context, options);
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
    return boost::system::in_place_value;
  }
  const nlohmann::json& data = member_of(*result, "data");
  const auto jpeg =
      data.is_string() ? from_base64(data.get_ref<const std::string&>()) : std::nullopt;
  if (!jpeg) return Failure{Exit::Refused, "the answer holds no picture"};

  const std::string file = options.output.empty() ? default_file(*id, options) : options.output;
  if (auto written = write_picture(file, *jpeg); !written) return written;
  if (file != "-") std::cout << file << ": " << jpeg->size() << " bytes\n";
  return boost::system::in_place_value;
}

}  // namespace

void declare_snapshot(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<SnapshotOptions>();
  CLI::App* verb = app.add_subcommand(
      "snapshot", "Save the latest picture of a camera as JPEG, or that of an event");
  verb->add_option("id", options->id, "The camera's name")->required();
  auto* name = verb->add_option("name", options->name, "What an event calls its snapshot");
  verb->add_flag("--boxes", options->boxes, "With what was found drawn into it")->needs(name);
  verb->add_option("-o,--output", options->output,
                   "The file; - for standard output. Default: ID.jpg, ID-NAME.jpg");
  verb->callback([&chosen, options] {
    chosen = [options](const Context& context) { return snapshot(context, *options); };
  });
}

}  // namespace bulkhead::cli
