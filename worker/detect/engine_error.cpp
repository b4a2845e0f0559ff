#include "worker/detect/engine_error.hpp"

#include <algorithm>
#include <string>

#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kSaidBytes = 300;

/// Engines write several lines and pad them; one line fits a log and a JSON message.
std::string one_line(std::string_view said) {
  std::string text{said};
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  const auto doubled = [](char a, char b) { return a == ' ' && b == ' '; };
  text.erase(std::unique(text.begin(), text.end(), doubled), text.end());
  while (text.ends_with(' ')) text.pop_back();
  return printable_text(text, kSaidBytes);
}

}  // namespace

Error load_error(std::string_view engine, const ModelFile& model, std::string_view said,
                 std::string_view advice) {
  return {ErrorCode::ModelInvalid,
          std::string{engine} + " cannot load " + model.path().string() + " (ONNX opset " +
              std::to_string(model.signature().opset) + "); " + std::string{advice} +
              ". It said: " + one_line(said),
          "model"};
}

Error run_error(std::string_view engine, std::string_view said) {
  return {ErrorCode::InferenceFailed,
          std::string{engine} + " could not run the model. It said: " + one_line(said), "model"};
}

}  // namespace bulkhead::worker
