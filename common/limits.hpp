#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit that is not the operator's to choose, in one place. What the operator may choose
/// has its default and its range in supervisor/config.hpp or in the spec that carries it.
namespace bulkhead::limits {

using namespace std::chrono_literals;

// Names and texts.
inline constexpr std::size_t kSubscriptionIdChars = 128;
inline constexpr std::size_t kUrlChars = 2048;
inline constexpr std::size_t kRtspSessionIdBytes = 511;  // as much as GStreamer keeps of one
inline constexpr std::size_t kCredentialBytes = 256;
inline constexpr std::size_t kPathBytes = 1024;  // of a file named in JSON
inline constexpr std::size_t kNameChars = 64;    // of a pipeline or a stage type
inline constexpr std::size_t kLabelBytes = 64;
inline constexpr std::size_t kLabels = 1024;
inline constexpr std::size_t kModelNameBytes = 512;
inline constexpr std::size_t kReasonBytes = 512;
inline constexpr std::size_t kLogFieldBytes = 4096;
inline constexpr std::size_t kConfinedPorts = 16;   // that a worker may connect to
inline constexpr std::size_t kConfinementGaps = 8;  // of its confinement, a sentence each

// JSON.
inline constexpr std::size_t kJsonBytes = std::size_t{256} * 1024;
inline constexpr int kJsonDepth = 32;

// Frames and objects.
inline constexpr std::uint32_t kFrameSide = 8192;  // pixels
inline constexpr std::size_t kObjectsPerFrame = 300;
inline constexpr std::size_t kCandidatesPerFrame = 1000;  // boxes that enter the NMS
inline constexpr std::size_t kFrameRingFrames = 8;        // of a camera, but see kFrameRingAge
inline constexpr auto kFrameRingAge = 200ms;              // between the oldest and the newest held
inline constexpr std::size_t kClipRingFrames = 2;         // of a clip that is played flat out
inline constexpr std::size_t kPreviewBytes = std::size_t{1024} * 1024;

// Pipeline.
inline constexpr std::size_t kPipelineStages = 16;
inline constexpr int kMaxFps = 1000;
inline constexpr std::uint32_t kModelInputSide = 2048;  // pixels
inline constexpr std::size_t kModelFileBytes = std::size_t{1024} * 1024 * 1024;
inline constexpr std::size_t kOptimizedModels = 32;  // copies kept on disk

// What a worker keeps of CONTROL and CRITICAL results, each, while their ring is full; and how long
// a BULK result is worth reading.
inline constexpr std::size_t kPendingRecords = 64;
inline constexpr auto kBulkTtl = 2s;

// Shared memory: ring sizes are in ipc/shm_segment.hpp.
inline constexpr std::size_t kRecordBytes = std::size_t{96} * 1024;
inline constexpr std::size_t kControlMessageBytes =
    std::size_t{192} * 1024;  // one packet, with label overrides

// Control channel.
inline constexpr std::size_t kConnections = 1024;
inline constexpr std::size_t kStreamsPerConnection = 16;
inline constexpr std::size_t kRequestsPerConnection = 64;  // waiting for their reply
inline constexpr std::size_t kRequestIdBytes = 128;
inline constexpr std::size_t kReplyBytes = std::size_t{8} * 1024 * 1024;  // unread by one client
inline constexpr std::size_t kFilterSessions = 256;
inline constexpr std::size_t kRefusedConnections = 64;  // being told 503; beyond: closed unheard
inline constexpr std::size_t kHttpTargetBytes = 4096;
inline constexpr std::size_t kHttpHeaderBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kHttpBodyBytes = std::size_t{256} * 1024;
inline constexpr auto kHandshakeTime = 10s;
inline constexpr auto kWriteTime = 5s;
inline constexpr auto kIdlePing = 30s;
inline constexpr auto kCloseTime = 1s;       // for the last words to a client
inline constexpr auto kAcceptRetry = 100ms;  // when the process has no descriptor left
inline constexpr int kSocketSendBufferBytes = 256 * 1024;

// Outbox of one stream, per class.
inline constexpr std::size_t kOutboxMessages = 1000;
inline constexpr std::size_t kOutboxControlMessages = 100;
inline constexpr std::size_t kOutboxBytes = std::size_t{8} * 1024 * 1024;
inline constexpr std::size_t kOutboxGaps = 256;  // gaps not yet told to the client

// The latest results of one session, for clients that come back.
inline constexpr std::size_t kHistoryResults = 1000;
inline constexpr std::size_t kHistoryBytes = std::size_t{1} * 1024 * 1024;
inline constexpr auto kHistoryAge = 60s;

// Waits inside a worker, by stage of the camera's handshake and life.
inline constexpr auto kConnectTime = 10s;
inline constexpr auto kFirstFrameTime = 10s;
inline constexpr auto kStallTime = 5s;
inline constexpr auto kTeardownTime = 3s;  // a pipeline that does not stop: the process must end
inline constexpr auto kTeardownReplyTime = 500ms;  // what a camera gets to answer our good-bye
// For ending the session that a dead worker left at the camera, connecting included; then its
// successor connects all the same.
inline constexpr auto kLeftSessionTime = 1s;
inline constexpr std::size_t kLeftSessionReplyBytes = 64 * 1024;

// The life of a worker. `kStopTime` is for all of an orderly stop, teardown included, and shorter
// than the supervisor's patience (kTermGrace), so that a worker that hangs still ends by itself.
inline constexpr auto kControlTick = 250ms;
inline constexpr auto kStopTime = 2500ms;
inline constexpr auto kDrainTime = 500ms;  // for the last results, within kStopTime

// Buffering of RTP inside a worker. Packets in order are never held back: the time is how long a
// lost packet is waited for (UDP), and how much may pile up before the oldest is thrown away.
inline constexpr auto kJitterTimeTcp = 1000ms;
inline constexpr auto kJitterTimeUdp = 200ms;

// Reconnecting to a camera: the first and the longest delay, by what went wrong. Cameras lock an
// address out after about five wrong passwords in half an hour; five of ours take longer than that.
inline constexpr auto kRetryFirst = 500ms;
inline constexpr auto kRetryLongest = 30s;
inline constexpr auto kPermanentRetryFirst = 30s;
inline constexpr auto kPermanentRetryLongest = 5min;
inline constexpr auto kLockoutRetryFirst = 8min;
inline constexpr auto kLockoutRetryLongest = 30min;
inline constexpr auto kGoodFramesTime = 10s;  // frames for so long forget earlier failures

// Waits of the supervisor for a worker.
inline constexpr auto kHelloTime = 5s;
inline constexpr auto kStartingTime = 20s;  // from hello until the model begins to load
inline constexpr auto kModelLoadTime = 60s;
inline constexpr auto kProgressTime = 2s;  // a hang in inferring or publishing is noticed by then
inline constexpr auto kFirstInferenceTime = 10s;  // engines finish their set-up in the first call
inline constexpr int kSlowInferenceFactor = 8;    // times its own mean, where that is longer
inline constexpr auto kLongestInference = 30s;
inline constexpr auto kControlSilence = 1700ms;  // its loop ticks each 250 ms; SIGSTOP shows here
inline constexpr auto kStaleTime = 2s;           // live without a new frame for so long: stale
inline constexpr auto kPictureLook = 1s;         // between two looks at what the picture shows
// A longer pause than this begins anew: by then the session may have been STALE, and LIVE again.
inline constexpr auto kFrozenPause = 1500ms;
inline constexpr auto kFrozenTime = 60s;     // the same picture for so long: frozen
inline constexpr auto kDarkTime = 10s;       // a picture without anything in it for so long: alert
inline constexpr auto kSeesAgainTime = 3s;   // and the other way round
inline constexpr auto kAlertPause = 1s;      // a worker that gives an alert again sooner is broken
inline constexpr auto kSourceSilence = 20s;  // stale for so long and no word of a lost camera: hung
inline constexpr auto kWatchdogTick = 200ms;
inline constexpr auto kTermGrace = 3s;
inline constexpr auto kAbortGrace = 1s;
inline constexpr auto kReapTime = 5s;  // a killed process that is still there is left to init
inline constexpr auto kSnapshotTime = 3s;
inline constexpr auto kRestartTime = 60s;  // until a requested restart is live again

// A new worker beside the old one. Cameras report their clock every 5 s.
inline constexpr int kPriority = 9;                // of a session
inline constexpr int kRtspConnections = 64;        // that a camera is said to serve
inline constexpr std::size_t kSettledResults = 3;  // of the new one, without a hole between them,
inline constexpr auto kSettledFor = 500ms;         // and for so long, before it may take over;
inline constexpr auto kSettlingTime = 5s;          // but it is waited for no longer than this
inline constexpr std::size_t kHeldResults = 64;    // of the new one, while the old one owes some
inline constexpr auto kCameraClockTime = 6s;
inline constexpr auto kOwedResultsTime = 1s;  // and two results' time more

// Restarting workers. Five restarts within the window open the breaker.
inline constexpr auto kWorkerRetryFirst = 200ms;
inline constexpr auto kWorkerRetryLongest = 30s;
inline constexpr std::size_t kBreakerRestarts = 5;
inline constexpr auto kBreakerWindow = 60s;
inline constexpr auto kBreakerProbe = 60s;
inline constexpr auto kHealthyTime =
    60s;                                  // a worker up for so long clears its predecessors' deaths
inline constexpr auto kSettledTime = 1s;  // up for so long: no crash at start, a lone death

inline constexpr auto kRestoreInterval = 250ms;  // between sessions that come back at start

// Sessions that have a worker at times only.
inline constexpr auto kActivationLook = 1s;  // between two looks at whether it is time
inline constexpr auto kDemandLinger = 30s;   // a worker stays so long after the last who wanted it
inline constexpr std::size_t kScheduleWindows = 32;

// Workers without a session, for the next start.
inline constexpr int kWarmSpares = 8;
inline constexpr auto kSpareRefill = 2s;  // after the last start of a worker: that one comes first
inline constexpr auto kSpareRetryLongest = 1min;  // where spares die

// Who may connect to a camera when. How much may begin at once, as what drips in within:
inline constexpr auto kHostBurst = 2s;
inline constexpr auto kMachineBurst = 1s;
// One worker: what an honest one asks for, whose pauses grow, and no more.
inline constexpr double kAsksPerSecond = 0.2;
inline constexpr auto kAsksBurst = 30s;
inline constexpr auto kPermitTime = 60s;  // a worker that waited so long connects unasked

// A command that is answered once it has been carried out.
inline constexpr auto kReconfigureTime = 3s;

// One session of the supervisor.
inline constexpr std::size_t kRecordsPerTurn = 64;  // then other sessions have theirs
inline constexpr std::size_t kPendingCommands = 16;
inline constexpr std::size_t kExitRecords = 8;
inline constexpr std::size_t kExitLogLines = 10;  // the last of a worker's, in its exit record
inline constexpr std::size_t kExitLogBytes = 8 * 1024;
inline constexpr auto kDescriptorLook = 1s;  // between two counts of a worker's open descriptors
inline constexpr auto kRateWindow = 5s;

// What the kernel lets a worker have; memory is the operator's to choose.
inline constexpr std::size_t kWorkerDescriptors = 512;
inline constexpr std::size_t kWorkerTasks = 1024;      // its processes and threads
inline constexpr std::size_t kWorkerUserTasks = 8192;  // those of its user, all told
inline constexpr auto kSharedMemoryLook = 1s;  // between two readings that take the kernel longer
// Where its control group counts what a worker uses, it may allocate more than that by this factor:
// stacks and arenas count whole against the limit of allocations, though hardly touched.
inline constexpr std::uint64_t kAllocationFactor = 2;

// Planned recycling of workers; when it is due is the operator's to choose. The line through a
// worker's memory is laid over this many samples, so its span is their product.
inline constexpr auto kRecyclingLook = 5s;
inline constexpr auto kRecyclingWarmUp = 10min;  // engines and caches fill; it is no growth
inline constexpr auto kRecyclingSampleInterval = 1min;
inline constexpr std::size_t kRecyclingSamples = 60;
inline constexpr auto kRecyclingSpacing = 60s;  // between two of one machine
inline constexpr auto kRecyclingRetry = 10min;  // after one whose new worker did not get ready
static_assert(kRecyclingSpacing >= kRestartTime, "one has ended before the next begins");

// The supervisor's own loop.
inline constexpr auto kShutdownTime = 10s;  // for all workers; who is left dies with it

// The operator's command line.
inline constexpr auto kCliCallTime = 10s;  // unless --timeout says otherwise
inline constexpr auto kCliWaitTime = 90s;  // for a restart, and for a camera to be live
inline constexpr auto kCliSilence = 30s;   // then the supervisor is pinged; as long again: gone
inline constexpr std::size_t kCliMessageBytes = 32 * 1024 * 1024;
inline constexpr std::size_t kCliNotifications = 10'000;       // that came during one call
inline constexpr std::size_t kCliLogBytes = 16 * 1024 * 1024;  // of last lines

}  // namespace bulkhead::limits
