#include "ipc/wire_canary.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_fields.hpp"
#include "common/model_url.hpp"
#include "ipc/record.hpp"

namespace bulkhead::ipc {

void write_start_canary(WireWriter& writer, const StartCanary& start) {
  writer.u32(start.every_n);
  // In ASCII, for the reader of texts escapes what it holds to be no character.
  constexpr bool kAscii = true;
  writer.text(start.pipeline.to_json().dump(-1, ' ', kAscii), limits::kCanaryPipelineBytes);
}

StartCanary read_start_canary(WireReader& reader) {
  StartCanary start;
  start.every_n = reader.u32_between("every_n", 1, limits::kCanaryLongestEveryN);
  const std::string text = reader.text("pipeline", limits::kCanaryPipelineBytes);
  if (reader.failed()) return start;
  const auto json = parse_json(text, JsonComments::Refused);
  auto pipeline =
      json ? PipelineSpec::from_json(*json, "pipeline") : Result<PipelineSpec>{json.error()};
  if (pipeline) {
    start.pipeline = std::move(*pipeline);
  } else {
    reader.fail("pipeline", "cannot be read: " + pipeline.error().message);
  }
  return start;
}

void write_canary_report(WireWriter& writer, const CanaryReport& report) {
  writer.u8(static_cast<std::uint8_t>(report.phase));
  writer.u16(static_cast<std::uint16_t>(report.reason));
  writer.sentence(report.text, limits::kReasonBytes);
  writer.text(report.sha256, kSha256Digits);
  writer.u64(report.frames);
  writer.u64(report.frames_with_objects);
  writer.u64(report.frames_skipped);
  writer.f32(report.agreement);
  writer.u64(report.incumbent_cpu_us);
  writer.u64(report.candidate_cpu_us);
}

CanaryReport read_canary_report(WireReader& reader) {
  CanaryReport report;
  report.phase = reader.enumeration("phase", CanaryPhase::Failed);
  report.reason = reader.error_code("reason");
  report.text = reader.text("text", limits::kReasonBytes);
  report.sha256 = reader.text("sha256", kSha256Digits);
  report.frames = reader.u64("frames");
  report.frames_with_objects = reader.u64("frames_with_objects");
  report.frames_skipped = reader.u64("frames_skipped");
  report.agreement = reader.f32_between("agreement", 0, 1);
  report.incumbent_cpu_us = reader.u64("incumbent_cpu_us");
  report.candidate_cpu_us = reader.u64("candidate_cpu_us");
  if (report.frames_with_objects > report.frames) {
    reader.fail("frames_with_objects", "are more than all frames");
  }
  const bool is_loaded = report.phase == CanaryPhase::Running;
  if (!is_sha256(report.sha256) && (is_loaded || !report.sha256.empty())) {
    reader.fail("sha256", "is not 64 lower-case hex digits");
  }
  if ((report.reason != ErrorCode::None) != (report.phase == CanaryPhase::Failed)) {
    reader.fail("reason", "is not that of such a phase");
  }
  return report;
}

}  // namespace bulkhead::ipc
