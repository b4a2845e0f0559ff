#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "supervisor/cli/answer.hpp"
#include "supervisor/cli/commands/command.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

/// On a connection of its own, for as long as something large may take.
Outcome<json> call_and_wait(const Context& context, const std::string& method, const json& params) {
  auto client = context.connect();
  if (!client) return client.error();
  return client->call(method, params, context.wait_time());
}

Outcome<> fetch(const Context& context, const std::string& url) {
  const auto model = call_and_wait(context, "model.fetch", {{"url", url}});
  if (!model) return model.error();
  if (context.json) {
    print_answer(*model);
  } else {
    std::cout << text_of(*model, "sha256") << "  " << count_of(*model, "bytes") << " bytes\n";
  }
  return boost::system::in_place_value;
}

/// A path that means the same to the supervisor as here.
std::string absolute_source(const std::string& source) {
  if (source.find("://") != std::string::npos) return source;
  std::error_code failure;
  const auto path = std::filesystem::absolute(source, failure);
  return failure ? source : path.lexically_normal().string();
}

Outcome<> install(const Context& context, const std::string& source) {
  const auto bundle =
      call_and_wait(context, "bundle.install", {{"source", absolute_source(source)}});
  if (!bundle) return bundle.error();
  if (context.json) {
    print_answer(*bundle);
    return boost::system::in_place_value;
  }
  std::cout << text_of(*bundle, "pipeline") << " installed, sha256 " << text_of(*bundle, "sha256")
            << '\n';
  const json& sessions = member_of(*bundle, "sessions");
  if (!sessions.empty()) std::cout << sessions.size() << " sessions get it now\n";
  return boost::system::in_place_value;
}

Outcome<> remove_bundle(const Context& context, const std::string& name) {
  const auto result = context.call("bundle.remove", {{"name", name}});
  if (!result) return result.error();
  if (context.json) {
    print_answer(*result);
  } else {
    std::cout << name << " removed\n";
  }
  return boost::system::in_place_value;
}

Outcome<> list_models(const Context& context) {
  const auto models = context.call("model.list", json::object());
  if (!models) return models.error();
  const auto bundles = context.call("bundle.list", json::object());
  if (!bundles) return bundles.error();
  if (context.json) {
    print_answer(
        {{"models", member_of(*models, "models")}, {"bundles", member_of(*bundles, "bundles")}});
    return boost::system::in_place_value;
  }
  Table table;
  for (const json& bundle : member_of(*bundles, "bundles")) {
    std::cout << text_of(bundle, "pipeline") << "  sha256 " << text_of(bundle, "sha256")
              << "  installed " << text_of(bundle, "installedAt") << '\n';
  }
  table.add({{"SHA256"}, {.text = "BYTES", .right = true}, {"USED"}});
  for (const json& model : member_of(*models, "models")) {
    table.add({{text_of(model, "sha256")},
               {.text = std::to_string(count_of(model, "bytes")), .right = true},
               {text_of(model, "usedAt")}});
  }
  std::cout << table.text(context.colours);
  return boost::system::in_place_value;
}

}  // namespace

void declare_model(CLI::App& app, Command& chosen) {
  CLI::App* model = app.add_subcommand("model", "Models by URL and bundles of them");
  model->require_subcommand(1);
  auto url = std::make_shared<std::string>();
  CLI::App* fetch_verb =
      model->add_subcommand("fetch", "Fetch a model before a camera needs it; resumes");
  fetch_verb
      ->add_option("url", *url, "https://…/model.onnx#sha256=…, the 64 digits sha256sum prints")
      ->required();
  fetch_verb->callback(
      [&chosen, url] { chosen = [url](const Context& context) { return fetch(context, *url); }; });
  auto source = std::make_shared<std::string>();
  CLI::App* install_verb = model->add_subcommand(
      "install", "Install a bundle; cameras that run the version before get it");
  install_verb
      ->add_option("source", *source,
                   "A zip with pipeline.json and models: a file of the supervisor's machine, or "
                   "https://…#sha256=…")
      ->required();
  install_verb->callback([&chosen, source] {
    chosen = [source](const Context& context) { return install(context, *source); };
  });
  auto name = std::make_shared<std::string>();
  CLI::App* rm_verb = model->add_subcommand("rm", "Remove a bundle that no camera runs");
  rm_verb->add_option("name", *name, "Its name, without bundle:")->required();
  rm_verb->callback([&chosen, name] {
    chosen = [name](const Context& context) { return remove_bundle(context, *name); };
  });
  model->add_subcommand("ls", "Bundles, and models that were fetched")->callback([&chosen] {
    chosen = list_models;
  });
}

}  // namespace bulkhead::cli
