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
inline constexpr std::size_t kContextBytes = 128;  // of the id that a session's results are for
inline constexpr std::size_t kContextStageBytes = 64;
inline constexpr std::size_t kLogFieldBytes = 4096;
inline constexpr std::size_t kConfinedPorts = 16;  // that a worker may connect to
inline constexpr std::size_t kAddressBlocks = 64;  // that are denied, and as many allowed
inline constexpr std::size_t kAddressBlockBytes = 64;
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

// Tracks of one camera: as many as objects, and some that are hidden. A thing is believed once it
// was seen in so many frames in a row, and waited for so long when it is hidden.
inline constexpr std::size_t kTracks = 512;
inline constexpr std::uint32_t kTrackConfirmingHits = 3;
inline constexpr auto kTrackLostTime = 2s;

// Pipeline.
inline constexpr std::size_t kPipelineStages = 16;
inline constexpr std::size_t kStageDepth = 2;  // below the root: plate within car, text on plate
inline constexpr std::size_t kAlphabet = 256;  // symbols that a reader tells apart
// What the stages below the root may take of one frame; one look is always had.
inline constexpr auto kCropBudget = 40ms;
inline constexpr auto kLongestCropBudget = 1000ms;
inline constexpr std::size_t kCropThreads = 8;  // of one worker, beside each other
inline constexpr std::size_t kCropBatch =
    4;  // twice as many win less than 3 % more (bench/README.md)
// A track that shows nothing, such as a car without a plate, is looked at so often for each vote.
inline constexpr std::uint32_t kLooksPerVote = 10;
inline constexpr std::size_t kAttributesPerFrame = 600;
inline constexpr int kMaxFps = 1000;
inline constexpr std::uint32_t kModelInputSide = 2048;  // pixels
inline constexpr std::size_t kModelFileBytes = std::size_t{1024} * 1024 * 1024;
inline constexpr std::size_t kOptimizedModels = 32;  // copies kept on disk
inline constexpr std::size_t kIdleModels = 2;        // that a worker keeps loaded for no stage

// What a worker keeps of CONTROL and CRITICAL results, each, while their ring is full; and how long
// another result is worth reading.
inline constexpr std::size_t kPendingRecords = 64;
inline constexpr auto kImportantTtl = 30s;
inline constexpr auto kBulkTtl = 2s;
inline constexpr auto kPressureAlertPause = 2s;  // after one has ended, before the next is told

// How old the latest detection with objects may be that another context is still told for.
inline constexpr auto kPatchAge = 10s;

// Shared memory: ring sizes are in ipc/shm_segment.hpp.
inline constexpr std::size_t kRecordBytes = std::size_t{96} * 1024;
inline constexpr std::size_t kControlMessageBytes =
    std::size_t{192} * 1024;  // one packet, with label overrides

// Control channel.
inline constexpr std::size_t kConnections = 1024;
inline constexpr std::size_t kLoopbackConnections = 64;  // of these, for this machine alone
inline constexpr std::size_t kStreamsPerConnection = 16;
inline constexpr std::size_t kRequestsPerConnection = 64;  // waiting for their reply
inline constexpr std::size_t kRequestIdBytes = 128;
inline constexpr std::size_t kReplyBytes = std::size_t{8} * 1024 * 1024;  // unread by one client
inline constexpr std::size_t kFilterSessions = 256;
inline constexpr std::size_t kResumedSessions = 1000;   // as many as a stream's last word may name
inline constexpr std::size_t kListedSessions = 1000;    // declared at once
inline constexpr std::size_t kRefusedConnections = 64;  // being told 503; beyond: closed unheard
inline constexpr std::size_t kHttpTargetBytes = 4096;
inline constexpr std::size_t kHttpHeaderBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kHttpBodyBytes = std::size_t{256} * 1024;
inline constexpr auto kHandshakeTime = 10s;
inline constexpr double kHandshakes = 200;     // of TLS a second, of all who connect
inline constexpr auto kHandshakesBurst = 5s;   // as many as they bring
inline constexpr auto kCertificateLook = 10s;  // whether the files of TLS are new ones
inline constexpr auto kWriteTime = 5s;
inline constexpr auto kIdlePing = 30s;
inline constexpr auto kCloseTime = 1s;       // for the last words to a client
inline constexpr auto kAcceptRetry = 100ms;  // when the process has no descriptor left
inline constexpr int kSocketSendBufferBytes = 256 * 1024;

// Logs read by clients. One that reads slowly loses the oldest lines.
inline constexpr std::size_t kLogTails = 64;              // of all clients
inline constexpr std::size_t kLogTailsPerConnection = 4;  // as many as one operator looks at
inline constexpr std::size_t kLogTailLines = 5000;        // waiting for their reader, of one tail
inline constexpr std::size_t kLogTailBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kLogMessageBytes = std::size_t{64} * 1024;  // of them in one message
inline constexpr std::size_t kLogReadBytes = std::size_t{128} * 1024;    // then other tails read
inline constexpr std::size_t kLogSearchBytes = std::size_t{16} * 1024 * 1024;  // for last lines
inline constexpr std::size_t kLogLineBytes = std::size_t{8} * 1024;  // longer ones are cut
inline constexpr std::size_t kLogGrepBytes = 256;
inline constexpr std::size_t kLogSinceBytes = 40;

// Writing them. The same line again and again is counted for so long, then the count is written.
inline constexpr auto kLogFoldTime = 10s;
// What GStreamer is asked to tell in detail for a while: at most so many lines a second, and all
// told so many bytes, of logs that hold a hundred times as much.
inline constexpr auto kGstDebugTime = 30s;  // unless another time is given
inline constexpr auto kGstDebugLongest = 300s;
inline constexpr std::size_t kGstDebugCategories = 8;
inline constexpr std::size_t kGstDebugCategoryBytes = 48;
inline constexpr double kGstDebugLinesPerSecond = 200;
inline constexpr std::size_t kGstDebugBytes = std::size_t{4} * 1024 * 1024;

// Access: tokens, tickets, and who fails to log in.
inline constexpr std::size_t kTokens = 256;
inline constexpr std::size_t kTokenChanges = 64;  // waiting for the disk
inline constexpr std::size_t kScopePatterns = 64;
inline constexpr std::size_t kCredentialHeaderBytes = 512;  // what may be a token or a ticket
inline constexpr std::size_t kTickets = 1024;
inline constexpr std::size_t kTicketsPerIdentity = 16;
inline constexpr auto kTicketTime = 30s;
inline constexpr auto kTokenLook = 500ms;  // between two looks at what has expired
inline constexpr int kLoginBurst = 10;     // refusals of one address at once,
inline constexpr auto kLoginPause = 6s;    // and one each so long after that
inline constexpr std::size_t kLoginAddresses = 4096;
inline constexpr double kAuditRefusals = 5;  // lines a second
inline constexpr auto kAuditRefusalsBurst = 20s;
inline constexpr double kCommands = 100;  // of one connection, a second
inline constexpr auto kCommandsBurst = 10s;

// Outbox of one stream: CONTROL has its own bounds, the other classes share theirs. Beyond its
// reserve CONTROL holds the newest state of each session; while a full list of sessions is
// exchanged for another there are twice as many as it names.
inline constexpr std::size_t kOutboxMessages = 1000;
inline constexpr std::size_t kOutboxBytes = std::size_t{8} * 1024 * 1024;
inline constexpr auto kOutboxAge = 30s;
inline constexpr std::size_t kOutboxControlMessages = 100;
inline constexpr std::size_t kOutboxControlSessions = 2 * kListedSessions;
inline constexpr std::size_t kOutboxControlBytes = std::size_t{2} * 1024 * 1024;
// Gaps not yet told to the client: each session may have lost some of each class.
inline constexpr std::size_t kOutboxGaps = 4 * kListedSessions;

// Pressure, as parts of what something holds: where it begins and where it ends.
inline constexpr double kPressedFrom = 0.7;
inline constexpr double kPressedUntil = 0.5;
inline constexpr double kSheddingFrom = 0.9;
inline constexpr double kSheddingUntil = 0.7;

// A stream's capacity follows its client: what it reads within this time, but no less than this
// part of the whole.
inline constexpr auto kDrainHorizon = 5s;
inline constexpr double kLeastCapacity = 0.1;

// Slow clients.
inline constexpr auto kSlowWrite = 500ms;      // a write that takes longer is a slow one
inline constexpr std::size_t kSlowWrites = 5;  // within the window: throttled; again: closed
inline constexpr auto kSlowWindow = 60s;
inline constexpr double kLeastRate = 1;  // detections a second that a throttled stream gets

// What a client may ask of a stream.
inline constexpr double kStreamRate = 10'000;  // detections a second
inline constexpr auto kStreamRateBurst = 1s;   // as many as its rate allows in this time, at once
inline constexpr auto kStreamTimeToLive = 1h;
inline constexpr auto kStreamBlock = 30s;

// All streams together: serialised messages alive, each counted once; and the memory they take
// with the places that wait for them, unless the operator says otherwise. Looked at each so many
// messages.
inline constexpr std::size_t kBroadcastMessages = 10'000;
inline constexpr std::size_t kStreamMemoryBytes = std::size_t{64} * 1024 * 1024;
inline constexpr std::uint64_t kBroadcastLook = 64;

// Writing to a client: how much is gathered for one system call, so that a slow client gets what it
// takes in about this time; and how long messages may wait to leave together.
inline constexpr std::size_t kFlushBytes = 64 * 1024;
inline constexpr std::size_t kLeastFlushBytes = 4 * 1024;
inline constexpr auto kFlushTarget = 100ms;
inline constexpr auto kFlushPause = 10ms;
// Messages smaller than this are not compressed: it would cost more than it saves.
inline constexpr std::size_t kCompressFromBytes = 512;

// The latest results of one session, for clients that come back.
inline constexpr std::size_t kHistoryResults = 1000;
inline constexpr std::size_t kHistoryBytes = std::size_t{1} * 1024 * 1024;
inline constexpr auto kHistoryAge = 60s;
inline constexpr std::size_t kHistoryAlerts = 256;
inline constexpr std::size_t kReplayedAlerts = 64;  // waiting at once for one who comes back
inline constexpr auto kHistoryAlertAge = 24h;

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
static_assert(kPressureAlertPause > kAlertPause, "an honest worker is none that gives too many");
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
inline constexpr std::size_t kCliNotifications = 10'000;  // that came during one call

// Zones of a session, and what becomes of tracks in them.
inline constexpr std::size_t kZones = 32;  // as many as an object's bits
inline constexpr std::size_t kZonePoints = 64;
inline constexpr std::size_t kZoneClasses = 8;
inline constexpr double kZoneDwellSeconds = 86'400;
inline constexpr double kZoneDebounceSeconds = 60;
inline constexpr std::size_t kZonesJsonBytes = std::size_t{80} * 1024;  // all of them, in a command
inline constexpr auto kTrackLostTold = 500ms;     // missed for so long a track is told to be lost
inline constexpr auto kTrackUpdatePause = 1s;     // between two updates of one track
inline constexpr std::size_t kZoneListsKept = 8;  // of one worker: records may be older than a list
inline constexpr std::size_t kWaitingEvents = 256;  // of one worker, for the result of their frame
// CRITICAL events are never dropped on their way: what comes faster in the long run is IMPORTANT.
inline constexpr double kCriticalEvents = 10;  // of one session, a second,
inline constexpr auto kCriticalEventsBurst = 6s;
inline constexpr auto kCriticalEventsTaken = 30s;  // by who may have slept while they came
static_assert(kCriticalEventsTaken > kCriticalEventsBurst);

}  // namespace bulkhead::limits
