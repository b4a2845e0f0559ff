#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/limits.hpp"

/// Limits of what is kept: on its way to sinks, in them, and of those who ask for it.
namespace bulkhead::limits {

// Results on their way to where they are kept (worker/sink). In memory, each class by itself:
inline constexpr std::size_t kRecentRecords = 1024;
inline constexpr std::size_t kRecentBytes = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kSinkRecordBytes = kJsonBytes;
inline constexpr std::size_t kHeldSinkRecords = 1024;  // of a new worker beside the old one
inline constexpr auto kHeldSinkTime = 15s;
// On disk. A segment counts as its floor at least, which bounds how many there are, too.
inline constexpr std::size_t kSpoolBytes = std::size_t{64} * 1024 * 1024;  // unless told otherwise
inline constexpr std::size_t kSpoolSegmentBytes = std::size_t{1} * 1024 * 1024;
inline constexpr std::size_t kSpoolSegmentFloor = 64 * 1024;
inline constexpr std::size_t kSpoolSyncRecords = 32;  // written since the last fdatasync,
inline constexpr auto kSpoolSyncTime = 1s;            // or for so long: the next one is due
inline constexpr auto kSpoolRetry = 1s;               // of a disk that failed
inline constexpr auto kSpoolLockLook = 100ms;         // between two looks at who has the spool
inline constexpr auto kSpoolLockTime = 10s;           // then it is said that it is waited for
inline constexpr std::size_t kDeadLetterBytes = std::size_t{4} * 1024 * 1024;  // two such files
// To one sink.
inline constexpr std::size_t kSinks = 8;
inline constexpr std::size_t kSinksBytes = std::size_t{64} * 1024;  // of all, as JSON
inline constexpr std::size_t kSinkNameBytes = 32;
inline constexpr std::size_t kSinkBatchRecords = 32;
inline constexpr std::size_t kSinkBatchBytes = std::size_t{1} * 1024 * 1024;
inline constexpr auto kSinkBatchTime = 25ms;
inline constexpr auto kSinkStopTime = 500ms;     // to take what there is when their worker stops
inline constexpr std::size_t kSinkFailures = 5;  // in a row open the breaker
inline constexpr auto kSinkRetryFirst = 100ms;
inline constexpr auto kSinkRetryLongest = 30s;
inline constexpr int kPoisonTries = 3;           // of one record that the sink refuses
inline constexpr auto kPoisonPause = 20ms;       // between them
inline constexpr std::size_t kPoisonInARow = 5;  // then it is the sink that is at fault

// Sinks that are servers. Each time is for a whole operation, however many waits it has; only the
// resolution of a host's name has the resolver's own limit.
inline constexpr std::size_t kHostBytes = 253;
inline constexpr std::size_t kKeyTemplateBytes = 128;   // of a stream, a channel or a key of Redis
inline constexpr std::size_t kSqlIdentifierBytes = 63;  // as many as PostgreSQL keeps of a name
inline constexpr auto kSinkConnectTime = 5s;            // log-in and schema included
inline constexpr auto kSinkWriteTime = 5s;              // of one batch

// Sinks that are actions: what an operator may write, and what may come of it.
inline constexpr std::size_t kTemplateBytes = 4096;
inline constexpr std::size_t kTemplateFields = 32;        // members of a message, columns of a row
inline constexpr std::size_t kActionFilterTexts = 32;     // of one list
inline constexpr std::size_t kRenderedBytes = 16 * 1024;  // of one template or message
inline constexpr std::size_t kActionBytes = std::size_t{1} * 1024 * 1024;  // gathered, then sent
inline constexpr auto kEventPictureWait = 2s;    // since its frame was taken; then it never comes
inline constexpr auto kEventPictureLook = 20ms;  // between two looks

// The history that a worker keeps on disk, a file a session; how much is the operator's to choose.
// What is too old or too much is taken away in steps, each so short that results do not wait.
inline constexpr auto kHistoryFileAge = 7 * 24h;                                       // by default
inline constexpr std::uint64_t kHistoryFileBytes = std::uint64_t{1024} * 1024 * 1024;  // as well
inline constexpr std::size_t kHistoryStepRows = 256;  // and twice what was written since the last
inline constexpr auto kHistoryStepTime = 20ms;
inline constexpr int kHistoryStepPages = 64;    // given back to the file system
inline constexpr auto kHistoryBusyTime = 2s;    // for who reads it, or a worker that hands over
inline constexpr int kHistoryWalPages = 1000;   // then they go to the file itself
inline constexpr auto kHistorySweepTime = 24h;  // between two looks at files without a worker
// And what a client may ask of it. A query that comes to one of its bounds gives what it has found
// and where to go on.
inline constexpr std::size_t kHistoryPage = 100;  // by default
inline constexpr std::size_t kHistoryPageMost = 1000;
inline constexpr std::size_t kHistoryPageBytes = std::size_t{2} * 1024 * 1024;
inline constexpr std::size_t kHistoryScanned = 20'000;  // results looked at in one file
inline constexpr auto kHistoryQueryTime = 2s;
inline constexpr std::size_t kHistoryQueries = 16;      // waiting, of all clients
inline constexpr std::size_t kHistoryFilterTexts = 32;  // labels, of one query
inline constexpr std::size_t kHistoryCursorBytes = 256;
inline constexpr std::size_t kHistoryCacheKib = 2048;  // of pages, while one file is read
inline constexpr std::size_t kHistoryFolders = 4096;   // looked at
inline constexpr std::uint64_t kHistoryWalBytes =
    std::uint64_t{256} * 1024 * 1024;  // unread beyond

}  // namespace bulkhead::limits
