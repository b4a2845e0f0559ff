#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "ipc/canary.hpp"
#include "worker/canary/agreement.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// A model that is on trial, loaded.
struct CandidateModel {
  std::string sha256;
  std::function<Result<std::vector<NamedBox>>(const Frame&)> detect;
};

/// What the session's own model said of a frame.
struct CanarySample {
  Frame frame;
  std::vector<NamedBox> boxes;
  std::int64_t cpu_ns = 0;  // of its thread
};

/// One candidate from its loading to its end, and how it compares so far.
///
/// Shared by Canary and the thread that calls `work`, so that one which does not come back from a
/// model still has all it needs. Takes one frame at a time: what comes while it is busy is skipped
/// and counted, never queued.
class CanaryRun {
 public:
  using Load = std::function<Result<CandidateModel>()>;

  CanaryRun(std::uint32_t every_n, Load load) : every_n_{every_n}, load_{std::move(load)} {}

  /// The candidate's life, on its own thread; returns once it failed or was stopped.
  void work();

  // Of the detect thread; see Canary.
  [[nodiscard]] bool wants_frame();
  void offer(CanarySample sample);

  // Of the control thread.
  void stop();
  [[nodiscard]] bool has_ended(std::chrono::milliseconds patience = {});
  /// One that has been at one thing for longer than the limits allow has failed.
  [[nodiscard]] ipc::CanaryReport report(std::int64_t now_ns);

 private:
  void load_and_look();
  [[nodiscard]] std::optional<CanarySample> next();
  void look_at(const CandidateModel& candidate, const CanarySample& sample);
  void enter_running(const std::string& sha256);
  void count(const FrameAgreement& agreement, std::int64_t incumbent_ns, std::int64_t candidate_ns);
  void fail(const Error& error);

  const std::uint32_t every_n_;
  Load load_;                 // of its thread
  std::uint32_t passed_ = 0;  // of the detect thread: frames since the last of the sample

  std::mutex mutex_;
  std::condition_variable changed_;
  ipc::CanaryReport report_;  // but its agreement
  double agreement_sum_ = 0;  // of frames with objects
  std::int64_t incumbent_ns_ = 0;
  std::int64_t candidate_ns_ = 0;
  std::optional<CanarySample> offered_;
  std::int64_t busy_since_ns_ = 0;  // 0: it waits for a frame
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace bulkhead::worker
