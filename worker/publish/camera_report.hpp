#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/mutex.hpp"
#include "common/redaction.hpp"
#include "worker/publish/result_publisher.hpp"

namespace bulkhead::worker {

/// Says what becomes of the camera: Connecting, Live, Frozen, Lost; and gives alerts of what its
/// pictures show, which end with the connection. Brings together what the source
/// thread sees (connections) and what the detect thread sees (inferred frames), so that a frame of
/// a lost connection, inferred late, never reports Live.
///
/// Called by both threads; owned by Worker. Texts are redacted and made printable here.
class CameraReport {
 public:
  CameraReport(ResultPublisher& publisher, std::shared_ptr<const Redactor> redactor);

  /// The model is loaded. Until then changes are held back, the latest only, so that the reader
  /// always meets ModelLoaded, Connecting, Live in this order although both load at once.
  void model_loaded();

  // What the source sees.
  void connecting();
  void first_frame(std::uint64_t frame_id);
  void lost(const Error& error, std::chrono::milliseconds retry_in);
  void finished();  // a clip at its end; frames may still wait for their inference

  /// Whether this frame, once inferred, would be the first of its connection.
  [[nodiscard]] bool waits_for(std::uint64_t frame_id);

  /// One frame was inferred. True when it was the first of its connection.
  bool inferred(std::uint64_t frame_id);

  // What the pictures show.
  void frozen();
  void moves_again();
  void dark();
  void sees_again();

  [[nodiscard]] bool has_finished() const noexcept {
    return finished_.load(std::memory_order_acquire);
  }

  /// The last frame of a finished clip was inferred. Reported once.
  void end_of_clip();

 private:
  void say(ipc::CameraChange change) BULKHEAD_REQUIRES(mutex_);
  void say_dark(bool active, std::string text) BULKHEAD_REQUIRES(mutex_);

  ResultPublisher& publisher_;
  const std::shared_ptr<const Redactor> redactor_;
  Mutex mutex_;
  bool model_loaded_ BULKHEAD_GUARDED_BY(mutex_) = false;
  std::optional<ipc::CameraChange> held_back_ BULKHEAD_GUARDED_BY(mutex_);
  /// First frame of this connection, from which on an inferred frame means Live; 0: none waits.
  std::uint64_t live_from_ BULKHEAD_GUARDED_BY(mutex_) = 0;
  bool live_ BULKHEAD_GUARDED_BY(mutex_) = false;  // a frame of this connection was inferred
  bool dark_ BULKHEAD_GUARDED_BY(mutex_) = false;
  std::atomic<bool> finished_{false};
  bool end_said_ BULKHEAD_GUARDED_BY(mutex_) = false;
};

}  // namespace bulkhead::worker
