#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "worker/model/model_catalog.hpp"

namespace bulkhead::worker {

/// The class names Ultralytics writes into a model's metadata, a Python dictionary such as
/// `{0: 'person', 1: "driver's seat"}`. Empty where the text is anything else.
[[nodiscard]] std::vector<std::string> parse_ultralytics_names(std::string_view text);

/// Names for a model's classes, the first that is there: the pipeline's own, the model's metadata,
/// the catalogue's, COCO's where there are 80, `class_0` and on. `classes` is 0 where the output
/// does not show how many there are: the names then tell. Error: ModelInvalid where names and
/// classes differ in number.
[[nodiscard]] Result<std::vector<std::string>> choose_labels(
    std::uint32_t classes, const std::vector<std::string>& asked, const OnnxSignature& model,
    const std::optional<CatalogEntry>& entry, const std::vector<std::string>& coco80);

}  // namespace bulkhead::worker
