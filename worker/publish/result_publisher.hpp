#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "common/mutex.hpp"
#include "ipc/priority_channel.hpp"
#include "ipc/record.hpp"
#include "ipc/shm_segment.hpp"
#include "worker/exit_request.hpp"

namespace bulkhead::worker {

/// Sends everything a worker says, and decides what happens when a ring is full:
///
///   CONTROL, CRITICAL   kept in a small queue of limits::kPendingRecords and offered again, in
///                       order; when that is full too the supervisor has not read for minutes, a
///                       protocol error that ends the worker (kExitInternal)
///   IMPORTANT, BULK     the newest is dropped and counted; once there is room again a `Gap` says
///                       which sequences are missing. Expire after limits::kImportantTtl and
///                       kBulkTtl: who reads them later drops and counts them
///   BULK                also paused from 80 % fill of its own or the IMPORTANT ring until both
///                       are below 50 %; told on CONTROL as an alert that begins and ends, counted
///                       in the status page
///
/// Never waits. Owned by Worker, outlives its stages. Called by every thread of the worker: a lock
/// of this process (never seen by another) makes the producer's one thread of them; it is held
/// for one encoding and one copy.
class ResultPublisher {
 public:
  /// `exit` and `segment` outlive this object.
  ResultPublisher(const ipc::ShmSegment& segment, int doorbell_fd, ExitRequest& exit);

  /// The record's number, whatever becomes of it.
  Sequence publish(ipc::PriorityClass priority, ipc::RecordBody body);

  /// Whether CONTROL takes state, of which only the latest matters, so that it may as well be told
  /// later: nothing is pending there and less than half of its ring is full. So a supervisor that
  /// does not read finds it old; what must be told has the other half.
  [[nodiscard]] bool takes_state();

  /// Offers what is pending again: after a while without results, and before the end. True when
  /// nothing is pending any more.
  bool flush();

 private:
  struct Loss {
    Sequence from = 0;
    Sequence to = 0;
    std::uint64_t count = 0;
  };

  bool send_pending() BULKHEAD_REQUIRES(mutex_);
  bool send_pending(ipc::PriorityClass priority) BULKHEAD_REQUIRES(mutex_);
  void send_gaps() BULKHEAD_REQUIRES(mutex_);
  Sequence keep_or_send(ipc::PriorityClass priority, ipc::RecordBody body)
      BULKHEAD_REQUIRES(mutex_);
  Sequence send_or_drop(ipc::PriorityClass priority, ipc::RecordBody body)
      BULKHEAD_REQUIRES(mutex_);
  void look_at_pressure() BULKHEAD_REQUIRES(mutex_);
  void tell_pressure() BULKHEAD_REQUIRES(mutex_);
  void count_published() noexcept;

  ipc::StatusPage& status_;
  ExitRequest& exit_;
  Mutex mutex_;
  ipc::PriorityProducer producer_ BULKHEAD_GUARDED_BY(mutex_);
  std::array<std::deque<ipc::Record>, 2> pending_ BULKHEAD_GUARDED_BY(mutex_);  // CONTROL, CRITICAL
  std::array<Loss, ipc::kPriorityClasses> losses_ BULKHEAD_GUARDED_BY(mutex_);
  bool bulk_paused_ BULKHEAD_GUARDED_BY(mutex_) = false;
  bool pause_told_ BULKHEAD_GUARDED_BY(mutex_) = false;
  std::int64_t resume_told_ns_ BULKHEAD_GUARDED_BY(mutex_) = 0;  // 0: never
};

}  // namespace bulkhead::worker
