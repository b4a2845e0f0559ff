#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_fields.hpp"
#include "common/result.hpp"

namespace bulkhead {

struct PipelineSpec;

/// Where a model, or a bundle of them, is fetched from, and the one content that is meant:
/// "https://models.example/yolo.onnx#sha256=<64 hexadecimal digits>". What it names can never
/// change, so nothing is fetched twice and no server is trusted for more than its bytes.
struct ModelUrl {
  std::string host;  // lower case; of IPv6 without brackets
  std::uint16_t port = 443;
  std::string target;  // path and query as given, "/" at least
  std::string sha256;  // lower case

  /// InvalidParams with a sentence that names no field.
  static Result<ModelUrl> parse(std::string_view text);

  /// For whoever asks the server: without the pin.
  [[nodiscard]] std::string location() const;
  /// Reads back as the same.
  [[nodiscard]] std::string text() const { return location() + "#sha256=" + sha256; }

  bool operator==(const ModelUrl&) const = default;
};

/// As opposed to a path or a name of the catalogue. It may still be a wrong one.
[[nodiscard]] bool is_model_url(std::string_view model) noexcept;

/// 64 digits, lower case.
[[nodiscard]] bool is_sha256(std::string_view text) noexcept;

/// The member "model" of a stage, required; a URL is checked.
[[nodiscard]] std::string read_model(JsonFields& fields);

/// Of all stages, each once.
[[nodiscard]] std::vector<ModelUrl> model_urls_of(const PipelineSpec& pipeline);

}  // namespace bulkhead
