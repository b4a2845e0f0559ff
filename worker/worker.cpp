#include "worker/worker.hpp"

#include <poll.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/rotating_log.hpp"
#include "common/rtsp_url.hpp"
#include "common/sink_limits.hpp"
#include "worker/control_loop.hpp"
#include "worker/exit_code.hpp"
#include "worker/pipeline/stage_timer.hpp"
#include "worker/sandbox/sandbox_rules.hpp"
#include "worker/source/gst_debug.hpp"
#include "worker/source/rtsp_teardown.hpp"
#include "worker/stop_deadline.hpp"

namespace bulkhead::worker {

namespace {

WhenFull when_full(const SessionSpec& spec) {
  const bool clip = spec.url.scheme == "file";
  return clip && spec.pace == Pace::FlatOut ? WhenFull::Block : WhenFull::DropOldest;
}

/// On a thread of its own, for an ordinary user's thread cannot take back that it made itself nice.
Result<FrameInference> create_behind_others(const SessionSpec& spec, const DetectorPlaces& places) {
  constexpr int kNice = 10;  // a tenth of the processor time of an ordinary thread beside it
  const auto create = [&] {
    ::pthread_setname_np(::pthread_self(), "load");
    ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread and those it makes
    return FrameInference::create(spec, places);
  };
  return std::async(std::launch::async, create).get();
}

/// The threads of an engine would stay nice.
bool is_of_one_thread(const PipelineSpec& pipeline) {
  return pipeline.detect.intra_op_threads == 1 &&
         std::ranges::all_of(pipeline.crops,
                             [](const CropStage& stage) { return threads_of(stage) == 1; });
}

std::vector<std::string> names_of(const std::vector<ZoneSpec>& zones) {
  std::vector<std::string> names;
  names.reserve(zones.size());
  for (const ZoneSpec& zone : zones) names.push_back(zone.name);
  return names;
}

constexpr const char* kNoSnapshots =
    "zones ask for snapshots; none are kept, for they lie beside a history and no sink is of the "
    "type sqlite";

Error internal(std::string what) { return {ErrorCode::Internal, std::move(what), {}}; }

}  // namespace

Worker::Worker(ipc::StartMessage start, Surroundings surroundings)
    : start_{std::move(start)},
      around_{std::move(surroundings)},
      status_{around_.segment.status()},
      preview_{around_.segment.preview_slot()},
      camera_{around_.publisher, around_.redactor},
      ring_{when_full(start_.spec) == WhenFull::Block ? limits::kClipRingFrames
                                                      : limits::kFrameRingFrames,
            when_full(start_.spec)} {}

ipc::WorkerExit Worker::run() {
  ipc::WorkerExit code = ipc::kExitOk;
  if (const auto started = start_stages(); started) {
    code = obey_supervisor();
  } else {
    code = exit_code_of_start(started.error());
    fatal(started.error(), code);
  }
  arm_stop_deadline(limits::kStopTime, code);
  stop_stages();
  around_.log->info("stopped exit_code={}", static_cast<int>(code));
  if (stuck_.load()) ::_exit(code);
  return code;
}

Result<> Worker::start_stages() {
  auto source = make_frame_source(start_.spec);
  if (!source) return source.error();
  if (!start_.sinks.empty()) {
    sinks_ = std::make_unique<ResultSinks>(ResultSinksSpec{.folder = start_.spool_dir,
                                                           .session = start_.spec.id.text(),
                                                           .held = start_.hold_results},
                                           sinks_of(start_, around_.log), around_.log);
  }
  snapshots_ = snapshot_writer_of(start_, around_.log);
  context_.put(start_.context);
  detect_ = std::jthread{[this](const std::stop_token& stop) { detect_thread(stop); }};
  source_ = std::move(*source);
  if (!start_.hold_camera) open_camera(start_.left_session);
  return {};
}

void Worker::open_camera(const std::optional<RtspSession>& left) {
  if (left) {
    const MutexLock lock{left_mutex_};
    left_ = left;
  }
  if (capture_) return permit_.grant();
  capture_.emplace(std::move(source_), ring_, counters_, capture_events(), retry_policy());
}

void Worker::end_left_session(const std::stop_token& stop) {
  std::optional<RtspSession> left;
  {
    const MutexLock lock{left_mutex_};
    left.swap(left_);
  }
  if (!left) return;
  const auto ended = end_rtsp_session(start_.spec.url, *left, limits::kLeftSessionTime, stop);
  if (stop.stop_requested()) return;  // cut short: the next worker is to try again
  if (ended) {
    around_.log->info("camera ended the session that a worker before left");
  } else {
    around_.log->warn("camera did not end the session that a worker before left, code={} text={}",
                      name_of(ended.error().code), log_value(ended.error().message));
  }
  // Whatever came of it, another try would not change it.
  around_.publisher.publish(ipc::PriorityClass::Control, ipc::RtspSessionChange{});
}

CaptureEvents Worker::capture_events() {
  return {.connecting =
              [this] {
                around_.steps.step("connect");
                camera_.connecting();
              },
          .first_frame =
              [this](const Frame& frame) {
                around_.steps.step("first_frame");
                around_.log->info("camera first_frame={} width={} height={}", frame.id, frame.width,
                                  frame.height);
                camera_.first_frame(frame.id);
              },
          .session_changed =
              [this](const std::optional<RtspSession>& now) {
                around_.publisher.publish(ipc::PriorityClass::Control, ipc::RtspSessionChange{now});
              },
          .lost =
              [this](const Error& error, std::chrono::milliseconds retry_in) {
                const bool may_be_away = start_.spec.availability == Availability::Intermittent;
                around_.log->log(may_be_away ? spdlog::level::info : spdlog::level::warn,
                                 "camera lost code={} retry_in_ms={} text={}", name_of(error.code),
                                 retry_in.count(), log_value(error.message));
                camera_.lost(error, retry_in);
              },
          .finished =
              [this] {
                around_.log->info("clip is at its end");
                camera_.finished();
              },
          .stuck =
              [this](const Error& error) {
                stuck_.store(true);
                fatal(error, ipc::kExitInternal);
              }};
}

RetryPolicy Worker::retry_policy() {
  RetryPolicy policy;
  // Another one in each worker: those that lost their camera together must not come back together.
  policy.seed = static_cast<std::uint32_t>(monotonic_ns() ^ ::getpid());
  if (start_.spec.url.scheme == "file") return policy;
  policy.prepare = [this](const std::stop_token& stop) { end_left_session(stop); };
  policy.may_connect = [this](const std::stop_token& stop) {
    permit_.withdraw();
    around_.publisher.publish(ipc::PriorityClass::Control, ipc::AskToConnect{});
    const auto waited = permit_.wait(limits::kPermitTime, stop);
    if (waited == ConnectPermit::Waited::LimitOver) {
      around_.log->warn("camera is connected to unasked: the supervisor did not answer");
    }
    if (waited == ConnectPermit::Waited::Stopped) return false;
    end_left_session(stop);
    return true;
  };
  return policy;
}

ipc::WorkerExit Worker::obey_supervisor() {
  auto control = ControlLoop::create(
      {.segment = around_.segment,
       .exit = around_.exit,
       .publisher = around_.publisher,
       .preview = preview_,
       .log = *around_.log,
       .on_tick =
           [this] {
             copy_counters();
             copy_sink_counters();
             tell_canary();
             if (around_.gst_log->debug_is_over(monotonic_ns())) end_debug_gst();
           },
       .open_camera = [this](const auto& left) { open_camera(left); },
       .tuning = tuning_,
       .context = context_,
       .debug_gst = [this](const auto& debug) { return debug_gst(debug); },
       .count_results =
           [this](std::int64_t after_capture_ns) {
             if (sinks_) sinks_->begin(after_capture_ns);
           },
       .start_canary = [this](const auto& start) { return start_canary(start); },
       .stop_canary = [this] { stop_canary(); }});
  if (control) return control->run();
  fatal(control.error(), ipc::kExitInternal);
  return ipc::kExitInternal;
}

void Worker::stop_stages() {
  canary_.stop();
  if (sinks_) {
    around_.publisher.publish(ipc::PriorityClass::Control, ipc::ResultsEnded{sinks_->end_after()});
  }
  if (capture_) {
    capture_->request_stop();
    capture_->join();
    around_.steps.step("source_stopped");
  }
  if (detect_.joinable()) {
    detect_.request_stop();
    detect_.join();
    around_.steps.step("detect_stopped");
  }
  StageTimer{status_}.enter(ipc::Stage::Stopping);
  preview_.release();
  if (sinks_ && !sinks_->stop(limits::kSinkStopTime)) {
    around_.log->info("sinks have not taken all; the rest waits for the next worker");
  }
  copy_counters();
  drain_results();
  if (snapshots_) snapshots_->stop();  // after all that somebody waits for
  end_canary();
}

void Worker::drain_results() {
  const std::int64_t deadline =
      monotonic_ns() + std::chrono::nanoseconds{limits::kDrainTime}.count();
  while (!around_.publisher.flush() && monotonic_ns() < deadline) {
    // Nobody tells of room in a ring; but the end of the supervisor ends the wait.
    constexpr int kLookAgainMs = 5;
    pollfd gone{ipc::kControlFd, POLLIN, 0};
    if (::poll(&gone, 1, kLookAgainMs) != 0) return;
  }
}

void Worker::detect_thread(const std::stop_token& stop) noexcept {
  ::pthread_setname_np(::pthread_self(), "detect");
  try {
    load_and_detect(stop);
  } catch (const std::exception& exception) {
    fatal(internal(std::string{"exception in the detect thread: "} + exception.what()),
          ipc::kExitInternal);
  }
}

void Worker::tell_zones(const std::vector<ZoneSpec>& zones) {
  around_.publisher.publish(ipc::PriorityClass::Control, ipc::ZonesInEffect{names_of(zones)});
}

void Worker::load_and_detect(const std::stop_token& stop) {
  const std::int64_t begin_ns = monotonic_ns();
  StageTimer{status_}.enter(ipc::Stage::LoadingModel);
  const PipelineSpec& pipeline = *start_.spec.pipeline;
  const bool yields = start_.yields && is_of_one_thread(pipeline);
  const DetectorPlaces where = places(std::make_shared<LoadedModels>());
  auto inference = yields ? create_behind_others(start_.spec, where)
                          : FrameInference::create(start_.spec, where);
  if (!inference) return fatal(inference.error(), exit_code_of_model(inference.error()));
  around_.steps.step("model");
  const auto load_ms = static_cast<std::uint32_t>((monotonic_ns() - begin_ns) / kNsPerMs);
  const ModelCard& card = inference->card();
  around_.log->info("model loaded name={} engine={} input={}x{} load_ms={} sha256={}",
                    log_value(card.name), card.engine, card.input_width, card.input_height, load_ms,
                    card.sha256);
  for (const std::string& note : inference->notes())
    around_.log->info("model note={}", log_value(note));
  for (const AttributeCard& attribute : card.attributes) {
    around_.log->info("model loaded attribute={} name={} sha256={}", log_value(attribute.attribute),
                      log_value(attribute.model), attribute.sha256);
  }
  around_.publisher.publish(ipc::PriorityClass::Control, ipc::ModelLoaded{card, load_ms});
  camera_.model_loaded();
  std::optional<KeptResults> kept;
  if (sinks_) kept.emplace(*sinks_, start_.spec.id, start_.generation, card);
  std::optional<SnapshotStage> snapshots;
  if (snapshots_) snapshots.emplace(*snapshots_, card.labels);
  bool missing_history_said = false;
  const auto change_zones = [&](const std::vector<ZoneSpec>& zones) {
    tell_zones(zones);
    if (kept) kept->take_zones(names_of(zones));
    if (snapshots_ || std::ranges::none_of(zones, &ZoneSpec::snapshot)) return;
    if (!std::exchange(missing_history_said, true)) around_.log->warn(kNoSnapshots);
  };
  if (!start_.spec.zones.empty()) change_zones(start_.spec.zones);

  const auto tune = [&](const ipc::Reconfigure& tuning) {
    if (const auto tuned = inference->tune(tuning); !tuned) {
      return around_.log->error("not tuned, text={}", log_value(tuned.error().message));
    }
    change_zones(tuning.zones);
    around_.log->info("tuned min_confidence={} max_fps={} track={} zones={}", tuning.min_confidence,
                      tuning.max_fps, tuning.track, tuning.zones.size());
  };
  DetectLoop loop{{.ring = ring_,
                   .infer = [&](const Frame& frame) { return inference->infer(frame); },
                   .publisher = around_.publisher,
                   .preview = preview_,
                   .camera = camera_,
                   .status = status_,
                   .tuning = tuning_,
                   .context = context_,
                   .tune = tune,
                   .on_first_inferred = [this] { around_.steps.step("first_inferred"); },
                   .kept = kept ? &*kept : nullptr,
                   .snapshots = snapshots ? &*snapshots : nullptr,
                   .wait = [&] { return inference->wait(); },
                   .told = canary_offer(*inference)},
                  pipeline.max_fps,
                  pipeline.frames};
  // The model has run once on an empty picture: what fails now may pass next time.
  if (const auto done = loop.run(stop); !done) fatal(done.error(), ipc::kExitInternal);
}

void Worker::fatal(const Error& error, ipc::WorkerExit code) {
  const std::string text =
      printable_text(around_.redactor->redact(error.message), limits::kReasonBytes);
  around_.log->error("fatal code={} exit_code={} text={}", name_of(error.code),
                     static_cast<int>(code), log_value(text));
  around_.publisher.publish(ipc::PriorityClass::Critical, ipc::Fatal{error.code, text});
  around_.exit.request(code);
}

Result<> Worker::debug_gst(const ipc::DebugGst& debug) {
  auto categories = parse_gst_categories(debug.categories);
  if (!categories) return categories.error();
  end_gst_debug(debugged_);
  debugged_ = *std::move(categories);
  around_.gst_log->begin_debug(monotonic_ns() + debug.seconds * kNsPerSecond);
  raise_gst_debug(debugged_);
  around_.log->info("gst_debug begins categories={} seconds={}", debug.categories, debug.seconds);
  return {};
}

void Worker::end_debug_gst() {
  end_gst_debug(std::exchange(debugged_, {}));
  const bool in_time = around_.gst_log->end_debug();
  around_.log->info("gst_debug ends reason={}", in_time ? "time" : "bytes");
}

void Worker::copy_counters() noexcept {
  const std::uint64_t attempts = counters_.attempts_total.load(ipc::kCounterOrder);
  status_.frames_received_total.store(counters_.received_total.load(ipc::kCounterOrder),
                                      ipc::kCounterOrder);
  status_.frames_decoded_total.store(counters_.decoded_total.load(ipc::kCounterOrder),
                                     ipc::kCounterOrder);
  status_.frames_dropped_total.store(ring_.dropped_total(), ipc::kCounterOrder);
  status_.reconnects_total.store(attempts == 0 ? 0 : attempts - 1, ipc::kCounterOrder);
  status_.last_frame_ns.store(counters_.last_frame_ns.load(ipc::kCounterOrder), ipc::kCounterOrder);
  status_.log_lines_lost_total.store(log_lines_lost_total(), ipc::kCounterOrder);
}

void Worker::copy_sink_counters() {
  if (snapshots_) {
    const SnapshotCounters kept = snapshots_->counters();
    status_.snapshots_written_total.store(kept.written_total, ipc::kCounterOrder);
    status_.snapshots_dropped_total.store(kept.dropped_total, ipc::kCounterOrder);
    status_.snapshots_failed_total.store(kept.failed_total, ipc::kCounterOrder);
  }
  if (!sinks_) return;
  const SinkTotals totals = totals_of(sinks_->counters().sinks);
  status_.sink_durable_sequence.store(sinks_->durable_sequence(), ipc::kCounterOrder);
  status_.sink_written_total.store(totals.written, ipc::kCounterOrder);
  status_.sink_retries_total.store(totals.retries, ipc::kCounterOrder);
  status_.sink_dead_letters_total.store(totals.dead_letters, ipc::kCounterOrder);
  status_.sink_gaps_total.store(totals.gaps, ipc::kCounterOrder);
  status_.sink_backlog_records.store(totals.backlog_records, ipc::kCounterOrder);
  status_.sinks_failing.store(totals.failing, ipc::kCounterOrder);
}

}  // namespace bulkhead::worker
