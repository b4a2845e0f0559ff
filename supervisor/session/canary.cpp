#include "supervisor/session/canary.hpp"

#include <array>
#include <cstdio>

namespace bulkhead::supervisor {

namespace {

std::string two_places(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

}  // namespace

std::string_view name_of(CanaryState state) noexcept {
  switch (state) {
    case CanaryState::Loading:
      return "LOADING";
    case CanaryState::Running:
      return "RUNNING";
    case CanaryState::Passed:
      return "PASSED";
    case CanaryState::Promoting:
      return "PROMOTING";
    case CanaryState::Promoted:
      return "PROMOTED";
    case CanaryState::Failed:
      return "FAILED";
  }
  return "FAILED";
}

bool is_open(CanaryState state) noexcept {
  return state != CanaryState::Promoted && state != CanaryState::Failed;
}

CanaryFigures figures_of(const ipc::CanaryReport& report, bool knows_cost) {
  CanaryFigures figures{.frames = report.frames,
                        .frames_with_objects = report.frames_with_objects,
                        .frames_skipped = report.frames_skipped};
  if (report.frames_with_objects > 0) figures.agreement = report.agreement;
  if (knows_cost && report.incumbent_cpu_us > 0) {
    figures.cost_ratio =
        static_cast<double>(report.candidate_cpu_us) / static_cast<double>(report.incumbent_cpu_us);
  }
  return figures;
}

CanaryJudgement judge(const CanaryRule& rule, const CanaryFigures& figures) {
  const bool is_costed = !rule.max_cost_ratio || figures.cost_ratio;
  if (figures.frames_with_objects < rule.frames || !figures.agreement || !is_costed) return {};
  const std::string agreement = "agreement " + two_places(*figures.agreement) + " in " +
                                std::to_string(figures.frames_with_objects) + " frames";
  if (*figures.agreement < rule.min_agreement) {
    return {CanaryVerdict::Fail,
            agreement + ", the rule asks for " + two_places(rule.min_agreement)};
  }
  if (rule.max_cost_ratio && *figures.cost_ratio > *rule.max_cost_ratio) {
    return {CanaryVerdict::Fail, "cost ratio " + two_places(*figures.cost_ratio) +
                                     ", the rule allows " + two_places(*rule.max_cost_ratio)};
  }
  return {CanaryVerdict::Pass, agreement};
}

}  // namespace bulkhead::supervisor
