#pragma once

#include <cstdint>
#include <string>

#include "common/canary_limits.hpp"
#include "common/error.hpp"
#include "common/pipeline_spec.hpp"

namespace bulkhead::ipc {

/// Let a second model, the root of `pipeline`, look at a sample of the frames that the session's
/// own looks at. Nothing of what it finds is told but how far both agree. One that is there
/// already is ended first. It ends with its worker.
struct StartCanary {
  PipelineSpec pipeline{};                        // without stages below the root
  std::uint32_t every_n = limits::kCanaryEveryN;  // of so many inferred frames it sees one
};

/// Nothing happens where there is none.
struct StopCanary {};

enum class CanaryPhase : std::uint8_t {
  Loading = 0,
  Running = 1,
  Failed = 2,  // it cannot be loaded or does not run; `reason` and `text` say why
};

/// How far the second model has come, and how it compares. In the CONTROL ring, not more often than
/// each limits::kCanaryReportPause but where the phase changes.
struct CanaryReport {
  CanaryPhase phase = CanaryPhase::Loading;
  ErrorCode reason = ErrorCode::None;
  std::string text;                       // one sentence; cut at limits::kReasonBytes
  std::string sha256;                     // of its file; empty until it is loaded
  std::uint64_t frames = 0;               // that both have seen
  std::uint64_t frames_with_objects = 0;  // of these, in which one of them found something
  std::uint64_t frames_skipped = 0;       // of the sample: it was still busy with the one before
  float agreement = 0;                    // 0..1, the mean of `frames_with_objects`
  std::uint64_t incumbent_cpu_us = 0;     // of its thread, for `frames`
  std::uint64_t candidate_cpu_us = 0;
};

}  // namespace bulkhead::ipc
