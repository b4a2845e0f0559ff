#pragma once

#include <string_view>

#include "common/error.hpp"
#include "worker/model/model_file.hpp"

namespace bulkhead::worker {

/// The error of an engine that refused to load `model`: what it said, on one line, and a way out.
[[nodiscard]] Error load_error(std::string_view engine, const ModelFile& model,
                               std::string_view said, std::string_view advice);

/// The error of an engine that loaded a model but could not run it.
[[nodiscard]] Error run_error(std::string_view engine, std::string_view said);

}  // namespace bulkhead::worker
