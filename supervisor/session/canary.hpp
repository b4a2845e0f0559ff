#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/canary_limits.hpp"
#include "common/error.hpp"
#include "common/pipeline_spec.hpp"
#include "ipc/canary.hpp"

namespace bulkhead::supervisor {

/// How far a second model on trial has come.
enum class CanaryState {
  Loading,    // it is fetched, or loaded by its worker
  Running,    // it sees a sample of the frames
  Passed,     // it did what its rule asks; somebody has to decide
  Promoting,  // a worker with it is to take over
  Promoted,   // the session runs on it
  Failed,     // the reason says why; the session goes on as it was
};

[[nodiscard]] std::string_view name_of(CanaryState state) noexcept;  // "RUNNING"

/// Neither decided nor failed.
[[nodiscard]] bool is_open(CanaryState state) noexcept;

/// What a candidate must reach, and what follows then. Below it, it has failed.
struct CanaryRule {
  std::uint64_t frames = 1;  // with objects; who agrees on an empty yard has shown nothing
  double min_agreement = 1;
  std::optional<double> max_cost_ratio{};
  bool promotes = false;  // else it is told, and somebody decides
};

struct CanaryFigures {
  std::uint64_t frames = 0;
  std::uint64_t frames_with_objects = 0;
  std::uint64_t frames_skipped = 0;
  std::optional<double> agreement{};   // of frames with objects
  std::optional<double> cost_ratio{};  // the candidate's over the session's own
};

/// What a worker reported, as figures to be shown. `knows_cost`: engines of one thread, for that of
/// others is not seen.
[[nodiscard]] CanaryFigures figures_of(const ipc::CanaryReport& report, bool knows_cost);

enum class CanaryVerdict { Open, Pass, Fail };

struct CanaryJudgement {
  CanaryVerdict verdict = CanaryVerdict::Open;
  std::string text;  // one sentence
};

/// Pure.
[[nodiscard]] CanaryJudgement judge(const CanaryRule& rule, const CanaryFigures& figures);

/// What somebody asks to be tried.
struct CanaryRequest {
  PipelineSpec pipeline{};      // that the session shall have where its root proves itself
  std::string pipeline_name{};  // as asked; empty: it came whole
  std::uint32_t every_n = limits::kCanaryEveryN;
  std::optional<CanaryRule> rule{};  // none: somebody decides
};

/// All that is told of it.
struct CanaryView {
  CanaryState state = CanaryState::Loading;
  std::string model{};   // as asked
  std::string sha256{};  // empty until it is loaded
  std::uint32_t every_n = limits::kCanaryEveryN;
  std::optional<CanaryRule> rule{};
  CanaryFigures figures{};
  std::int64_t since_wall_ns = 0;  // of the state
  ErrorCode reason = ErrorCode::None;
  std::string reason_text{};
};

/// One on trial, as its session knows it.
struct CanaryTrial {
  std::uint64_t number = 0;  // of this session's
  PipelineSpec pipeline{};   // as CanaryRequest
  std::string pipeline_name{};
  CanaryView view{};
  bool is_told = false;  // its worker has acknowledged it, so what it reports is of this one
};

}  // namespace bulkhead::supervisor
