#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/address_policy.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/rtsp_session.hpp"
#include "common/session_context.hpp"
#include "common/session_spec.hpp"
#include "common/sink_spec.hpp"

namespace bulkhead::ipc {

/// All a worker needs to know, sent once over the control socket. Directories are absolute.
struct StartMessage {
  SessionSpec spec;  // with secrets; the pipeline is resolved
  Generation generation = 1;
  std::string log_file;
  std::uint64_t log_max_bytes = 0;
  std::uint32_t log_backup_count = 0;
  std::string model_dir;      // where fetched models lie
  std::string model_catalog;  // path of config/models.json
  std::string model_cache{};  // where models that came by URL lie, <sha256>.onnx; empty: nowhere
  AddressPolicy addresses{};  // that the camera may have
  bool hold_camera = false;   // load all, then wait for OpenCamera
  bool yields = false;        // load the model behind others: a worker beside it still works
  std::vector<SinkSpec> sinks{};  // with their passwords; empty: results are not kept
  std::string spool_dir{};        // of this session alone; made by the worker
  std::string history_dir{};      // likewise
  bool hold_results = false;      // for the sinks, until CountResults says which of them count
  std::optional<RtspSession> left_session{};  // at the camera, by a worker that died: end it first
  SessionContext context{};                   // of results, until SetContext

  [[nodiscard]] std::string to_json() const;
  static Result<StartMessage> from_json(const std::string& text);
};

}  // namespace bulkhead::ipc
