#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ipc/start_message.hpp"
#include "tests/support/onnx_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::test {

/// A start message and the folders it names, all in a folder that is gone with this object. The
/// model is a small one that finds the same two objects, a "cat" and a "dog", in every picture.
class WorkerSession {
 public:
  explicit WorkerSession(const std::string& url) {
    const TempDir& dir = directory_;
    dir.write("models.json", R"({"models": []})");
    dir.write("models/two_animals.onnx", two_animals_model());
    start.spec.url = RtspUrl::parse(url).value();
    start.log_file = dir.path() / "worker.log";
    start.model_catalog = dir.path() / "models.json";
    start.model_dir = dir.path() / "models";
    start.spec.pipeline = PipelineSpec{.name = "test", .max_fps = 0, .detect = {}, .crops = {}};
    start.spec.pipeline->detect.model = "two_animals.onnx";
    start.spec.pipeline->detect.labels = {"cat", "dog"};
  }

  [[nodiscard]] const std::filesystem::path& directory() const noexcept {
    return directory_.path();
  }

  [[nodiscard]] std::string log_text() const {
    std::ifstream file{start.log_file};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  void write_model(const std::string& name, const std::string& bytes) const {
    directory_.write("models/" + name, bytes);
  }

  /// As the session's own, without the dog.
  static std::string one_animal_model() { return model_of({8, 8, 24, 40, 0.9F, 0}); }

  ipc::StartMessage start{.spec = {.id = SubscriptionId::parse("test;cam-1").value(),
                                   .url = {},
                                   .pipeline = {},
                                   .pipeline_name = {},
                                   .log_level = "debug"},
                          .generation = 1,
                          .log_file = {},
                          .log_max_bytes = 10'000'000,
                          .log_backup_count = 1,
                          .model_dir = {},
                          .model_catalog = {}};

 private:
  static std::string two_animals_model() {
    return model_of({8, 8, 24, 40, 0.9F, 0, 32, 16, 56, 48, 0.6F, 1});
  }

  /// Of YOLOv10's form, boxes of a 64×64 input: x1 y1 x2 y2 score class.
  static std::string model_of(const std::vector<float>& boxes) {
    const std::uint64_t count = boxes.size() / 6;
    return OnnxWriter{}
        .input({.name = "images", .dimensions = {"1", "3", "64", "64"}})
        .weight("boxes", {1, count, 6}, boxes)
        .node("Identity", "boxes", "output0")
        .output({.name = "output0", .dimensions = {"1", std::to_string(count), "6"}})
        .bytes();
  }

  TempDir directory_;
};

}  // namespace bulkhead::test
