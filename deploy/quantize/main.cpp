// Makes a detector that computes in bytes out of one that computes in floats; see
// deploy/quantize_model.

#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "deploy/quantize/calibration_pictures.hpp"
#include "deploy/quantize/comparison.hpp"
#include "deploy/quantize/onnx_graph.hpp"
#include "deploy/quantize/quantization_plan.hpp"
#include "deploy/quantize/quantized_graph.hpp"
#include "deploy/quantize/value_ranges.hpp"
#include "worker/detect/detector.hpp"
#include "worker/detect/letterbox.hpp"
#include "worker/model/model_catalog.hpp"

namespace bulkhead::deploy {

namespace {

namespace fs = std::filesystem;
using worker::Detector;
using worker::Frame;

struct Options {
  std::string model;
  std::string output;
  std::string pictures;
  std::string input;
  std::string catalog = BULKHEAD_CATALOG;
  std::string model_dir = BULKHEAD_DEPS "/models";
  std::size_t count = 32;
};

Result<DetectStage> stage_of(const Options& options) {
  DetectStage stage;
  stage.model = options.model;
  std::error_code absent;
  // A name of the catalogue stays one; a path is meant from here, not from the folder of models.
  if (fs::exists(options.model, absent)) stage.model = fs::absolute(options.model);
  if (options.input.empty()) return stage;
  char rest = 0;
  if (std::sscanf(options.input.c_str(), "%ux%u%c", &stage.input_width, &stage.input_height,
                  &rest) != 2) {
    return Error{ErrorCode::InvalidParams, "--input is WIDTHxHEIGHT, not " + options.input, {}};
  }
  return stage;
}

/// Pixels as the worker gives them to a model of this family.
worker::Letterbox letterbox_of(const ModelCard& card, const worker::LocatedModel& model) {
  const bool yolox = card.family == "yolox";
  const PixelRule usual = yolox ? PixelRule::Bgr255 : PixelRule::Rgb1;
  const bool told = model.entry && model.entry->pixels;
  return {{card.input_width, card.input_height},
          yolox ? worker::Anchor::TopLeft : worker::Anchor::Centre,
          told ? *model.entry->pixels : usual};
}

Result<OnnxGraph> read_graph(const worker::ModelFile& file) {
  auto graph = OnnxGraph::parse(file.bytes());
  if (!graph) return graph.error();
  for (const OnnxNode& node : graph->nodes) {
    if (!node.type.ends_with("QuantizeLinear")) continue;
    return Error{ErrorCode::ModelInvalid,
                 file.path().string() + " is quantised already; name the file of floats",
                 {}};
  }
  if (worker::picture_form(file.signature()) != worker::PictureForm{}) {
    return Error{ErrorCode::ModelInvalid,
                 file.path().string() + " takes no floats plane by plane; export it so",
                 {}};
  }
  return graph;
}

Result<std::string> quantized_model(const Options& options, const ModelCard& card,
                                    const worker::LocatedModel& model) {
  auto graph = read_graph(model.file);
  if (!graph) return graph.error();
  const QuantizationPlan plan = plan_quantization(*graph);
  if (plan.convolutions.empty()) {
    return Error{ErrorCode::ModelInvalid,
                 model.file.path().string() +
                     " has no convolution whose weights are stored as floats; export it again "
                     "(with constant folding)",
                 {}};
  }
  std::vector<std::string> tensors;
  for (const auto& [tensor, scale] : plan.scale_of) tensors.push_back(tensor);
  auto meter = RangeMeter::create(*graph, model.file.signature().inputs.front().name, tensors);
  if (!meter) return meter.error();

  worker::Letterbox letterbox = letterbox_of(card, model);
  const std::array<std::int64_t, 4> shape{1, 3, card.input_height, card.input_width};
  const auto measured =
      each_picture(options.pictures, options.count, [&](const Frame& picture) -> Result<> {
        if (const auto written = letterbox.write(picture); !written) return written.error();
        return meter->add(letterbox.planes(), shape);
      });
  if (!measured) return measured.error();
  std::cout << plan.convolutions.size() << " convolutions and " << plan.others.size()
            << " steps between them compute in bytes\n";
  return quantize(*std::move(graph), plan, meter->ranges()).serialize();
}

Result<> write_whole(const std::string& bytes, const fs::path& file) {
  const fs::path part = file.string() + ".part";
  std::error_code failed;
  {
    std::ofstream stream{part, std::ios::binary};
    stream << bytes;
    stream.close();
    if (stream) fs::rename(part, file, failed);
    if (stream && !failed) return {};
  }
  fs::remove(part, failed);
  return Error{ErrorCode::Io, "cannot write " + file.string(), {}};
}

/// Both models on the same pictures: what became of the objects, and of the time.
Result<> compare(const Options& options, const DetectStage& stage, Detector& floats) {
  DetectStage bytes_stage = stage;
  bytes_stage.model = fs::absolute(options.output);
  auto bytes = Detector::create(bytes_stage, {options.catalog, options.model_dir, {}});
  if (!bytes) return bytes.error();
  Comparison comparison{floats, *bytes};
  const auto looked = each_picture(options.pictures, options.count, [&](const Frame& picture) {
    return comparison.look_at(picture);
  });
  if (!looked) return looked.error();
  std::printf(
      "On these pictures: %zu of the %zu objects that the floats find, and %zu others; %.2f "
      "times as fast on this machine\n",
      comparison.found_by_both(), comparison.found_by_one(),
      comparison.found_by_other() - comparison.found_by_both(), comparison.speed_of_other());
  return {};
}

Result<> run(const Options& options) {
  const auto stage = stage_of(options);
  if (!stage) return stage.error();
  const worker::DetectorPlaces places{options.catalog, options.model_dir, {}};
  auto floats = Detector::create(*stage, places);
  if (!floats) return floats.error();
  const auto catalog = worker::ModelCatalog::load(options.catalog);
  if (!catalog) return catalog.error();
  const auto model = worker::locate_model(stage->model, *catalog, options.model_dir);
  if (!model) return model.error();

  std::error_code absent;
  if (fs::equivalent(model->file.path(), options.output, absent)) {
    return Error{ErrorCode::InvalidParams,
                 options.output + " is the file of floats itself; name another file",
                 {}};
  }
  const auto bytes = quantized_model(options, floats->card(), *model);
  if (!bytes) return bytes.error();
  if (const auto written = write_whole(*bytes, options.output); !written) return written.error();
  std::cout << "Model: made " << options.output << std::endl;
  return compare(options, *stage, *floats);
}

}  // namespace

}  // namespace bulkhead::deploy

int main(int argc, char** argv) {
  bulkhead::deploy::Options options;
  CLI::App app{
      "Makes a detector that computes in bytes: unsigned activations, signed weights (U8S8, QDQ)",
      "quantize_model"};
  app.add_option("INPUT", options.model, "the model: an .onnx file, or a name of the catalogue")
      ->required();
  app.add_option("OUTPUT", options.output, "the .onnx file to write")->required();
  app.add_option("--pictures", options.pictures,
                 "a folder of pictures, or a clip, that show what its cameras see")
      ->required();
  app.add_option("--count", options.count, "of pictures")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--input", options.input,
                 "WIDTHxHEIGHT at which it will run, where the model leaves that open");
  app.add_option("--catalog", options.catalog)->capture_default_str();
  app.add_option("--models", options.model_dir, "folder of fetched models")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto done = bulkhead::deploy::run(options);
  if (done) return EX_OK;
  std::cerr << "quantize_model: " << done.error().message << '\n';
  return EX_DATAERR;
}
