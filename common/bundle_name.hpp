#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/pipeline_spec.hpp"

namespace bulkhead {

/// Where a pipeline is named, that of a bundle is named so.
inline constexpr std::string_view kBundlePrefix = "bundle:";

/// "yard" of "bundle:yard"; nothing where it names no bundle.
[[nodiscard]] inline std::optional<std::string> bundle_name_of(std::string_view pipeline_name) {
  if (!pipeline_name.starts_with(kBundlePrefix)) return std::nullopt;
  const std::string_view name = pipeline_name.substr(kBundlePrefix.size());
  return is_pipeline_name(name) ? std::optional{std::string{name}} : std::nullopt;
}

}  // namespace bulkhead
