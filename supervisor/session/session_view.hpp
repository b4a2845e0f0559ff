#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/detection.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/session_context.hpp"
#include "common/session_spec.hpp"
#include "ipc/confined.hpp"
#include "ipc/priority_class.hpp"
#include "ipc/record.hpp"
#include "ipc/status_page.hpp"
#include "supervisor/process/cgroup_hierarchy.hpp"
#include "supervisor/session/canary.hpp"

namespace bulkhead::supervisor {

/// What is the case with a session, as opposed to what is wanted of it.
enum class SessionState {
  Starting,    // a worker runs but has not connected to the camera yet
  Connecting,  // the camera is being asked for pictures
  Live,        // a frame was inferred, and recently
  Degraded,    // live, but falling behind what was asked
  Stale,       // no new frame for longer than the camera's rate explains
  Frozen,      // frames come, their content does not change
  Offline,     // the camera does not answer; the worker goes on trying
  AuthFailed,  // the camera refuses the credentials; tried again rarely
  BackingOff,  // the worker died; the next one starts after a delay
  CrashLoop,   // it died too often: breaker open, probed rarely
  Stopping,
  Stopped,
  Failed,  // permanent: an operator must change something
};

[[nodiscard]] std::string_view name_of(SessionState state) noexcept;  // "BACKING_OFF"

/// How one worker ended, and why it was ended.
struct ExitRecord {
  Generation generation = 0;
  std::int64_t at_wall_ns = 0;
  std::int64_t uptime_ms = 0;
  int exit_code = 0;  // valid when signal == 0
  int signal = 0;
  ErrorCode reason = ErrorCode::None;
  std::string text;
  ipc::Stage stage = ipc::Stage::Starting;  // where its detect loop was
  std::int64_t peak_rss_bytes = 0;          // 0: not known
  std::int64_t cpu_ms = 0;
  std::size_t descriptors = 0;              // open at the last look; 0: not known
  std::vector<std::string> last_log_lines;  // oldest first; see last_log_lines()
};

/// A reading of the worker's status page plus what the supervisor counted itself.
struct SessionCounters {
  std::uint64_t frames_received_total = 0;
  std::uint64_t frames_decoded_total = 0;
  std::uint64_t frames_dropped_total = 0;
  std::uint64_t frames_skipped_total = 0;  // by maxFps or everyN
  std::uint64_t frames_rested_total = 0;   // for nothing moved in them
  std::uint64_t frames_inferred_total = 0;
  std::uint64_t objects_total = 0;
  std::uint64_t reconnects_total = 0;
  std::uint64_t results_received_total = 0;  // by the supervisor, this generation
  std::uint64_t results_expired_total = 0;
  std::array<std::uint64_t, ipc::kPriorityClasses> results_dropped_total{};
  std::uint64_t result_pauses_total = 0;  // of its BULK, for its rings were nearly full
  std::uint64_t commands_expired_total = 0;
  std::uint64_t letterbox_ns_total = 0;
  std::uint64_t infer_ns_total = 0;
  std::uint64_t decode_ns_total = 0;
  std::uint64_t track_ns_total = 0;
  std::uint64_t crop_ns_total = 0;
  std::uint64_t crops_total = 0;          // objects that stages below the root looked at
  std::uint64_t crops_skipped_total = 0;  // for which a frame had no time left
  std::uint64_t publish_ns_total = 0;
  std::uint64_t sink_durable_sequence = 0;  // results up to it survive the worker's death
  std::uint64_t sink_written_total = 0;     // acknowledged, by all sinks together
  std::uint64_t sink_retries_total = 0;
  std::uint64_t sink_dead_letters_total = 0;  // refused by a sink for what they are
  std::uint64_t sink_gaps_total = 0;          // told to sinks of what they will not get
  std::uint64_t sink_backlog_records = 0;     // of the sink that is farthest behind
  std::uint32_t sinks_failing = 0;            // now
  std::uint64_t snapshots_written_total = 0;  // frames of events, kept as pictures
  std::uint64_t snapshots_dropped_total = 0;  // that waited for the disk too long
  std::uint64_t snapshots_failed_total = 0;   // that it did not take
  std::int64_t last_frame_age_ms = -1;        // -1: none yet
  std::uint32_t source_width = 0;
  std::uint32_t source_height = 0;
  double fps = 0;  // inferred, over the last seconds
};

/// What the present worker may use, or the next one where there is none.
struct MemoryLimit {
  std::uint64_t bytes = 0;  // 0: no limit
  MemoryEnforcement enforcement = MemoryEnforcement::RlimitPss;
};

/// What a worker noticed, since when.
struct ActiveAlert {
  ipc::AlertKind kind = ipc::AlertKind::DarkPicture;
  std::int64_t since_wall_ns = 0;
  std::string text;
};

/// A worker beside the present one that has yet to take over.
struct SuccessorView {
  Generation generation = 0;
  pid_t pid = -1;
  SessionState state = SessionState::Starting;
};

/// A consistent copy of all that may be said of a session; safe to print except `spec`, whose
/// hidden JSON is.
struct SessionView {
  SessionSpec spec;
  SessionContext context{};
  bool wanted = true;  // desired state: running; not while it rests
  SessionState state = SessionState::Starting;
  std::int64_t since_wall_ns = 0;
  ErrorCode reason = ErrorCode::None;
  std::string reason_text;
  std::optional<std::int64_t> next_start_wall_ns{};  // of one that rests, where it is known
  Generation generation = 0;
  pid_t pid = -1;  // -1: no worker now
  std::optional<SuccessorView> successor;
  std::int64_t worker_started_wall_ns = 0;
  std::optional<ModelCard> model;
  std::optional<ipc::Confined> confinement;  // of the worker that runs now
  SessionCounters counters;
  std::uint64_t restarts_total = 0;
  std::map<std::string, std::uint64_t> restarts_by_reason;
  std::vector<ActiveAlert> alerts;     // at most one of each kind
  std::vector<ExitRecord> last_exits;  // newest first, at most 8
  std::string log_file;
  MemoryLimit memory_limit{};
  std::optional<CanaryView> canary{};
};

/// Its camera is away, and may be: an intermittent one that cannot be reached. What no waiting
/// cures, such as a path that is not there, is not expected of it either.
[[nodiscard]] bool is_expected_absence(Availability availability, SessionState state,
                                       ErrorCode reason) noexcept;

/// An operator has to look: no results come, or worthless ones, and not for a moment only. What is
/// about to be settled (STALE, BACKING_OFF and the like) is none yet.
[[nodiscard]] bool is_problem(Availability availability, SessionState state,
                              ErrorCode reason) noexcept;

/// How one worker follows another on request.
enum class RestartMode {
  Auto,     // overlap where the camera allows it
  Overlap,  // the old one leaves when the new one has results
  Replace,  // the new one loads its model, then the old one leaves, then the new one connects
};

[[nodiscard]] std::string_view name_of(RestartMode mode) noexcept;  // "overlap"

/// What a restart on request has cost.
struct Restarted {
  RestartMode mode = RestartMode::Replace;  // the one used
  Generation generation = 0;
  std::int64_t gap_ms = 0;  // between the last result before and the first frame inferred after
  std::uint64_t lost_frames = 0;  // that the old worker would have inferred in the gap, by its rate
  std::uint64_t duplicate_frames = 0;  // told by both
};

}  // namespace bulkhead::supervisor
