#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "supervisor/session/session_view.hpp"

namespace bulkhead::testing {

/// A session as the table would show it before its worker said anything.
inline supervisor::SessionView sample_view(const std::string& name, const std::string& url) {
  const nlohmann::json asked{{"subscriptionIdentifier", name}, {"rtspUrl", url}};
  return {.spec = SessionSpec::from_json(asked, "params").value(),
          .reason_text = {},
          .successor = {},
          .model = {},
          .confinement = {},
          .counters = {},
          .restarts_by_reason = {},
          .alerts = {},
          .last_exits = {},
          .log_file = {}};
}

inline ModelCard sample_model(const std::string& name) {
  return {.name = name,
          .sha256 = std::string(64, 'a'),
          .family = "yolov8",
          .engine = "onnxruntime",
          .input_width = 416,
          .input_height = 416,
          .labels = {"person"}};
}

}  // namespace bulkhead::testing
