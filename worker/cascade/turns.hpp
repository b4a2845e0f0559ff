#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace bulkhead::worker {

/// One object that a stage directly below the root is to look at.
struct Look {
  std::size_t object = 0;
  std::size_t stage = 0;
  std::uint32_t looks = 0;  // at the object, so far
  float area = 0;           // of it, pixels
};

/// How a branch, a stage directly below the root with all below it, gets on.
struct BranchPace {
  std::size_t most_at_once = 1;  // looks of one batch
  std::int64_t look_ns = 0;      // of the last batch, a look; 0: not known yet
};

/// Hands out the looks of one frame, in their order, to as many threads as there are.
///
/// A branch is one thread's at a time: its models are not to be run twice at once. Looks of one
/// branch are handed out in batches, of what it takes at once and what the frame's time is likely
/// to be enough for. Once that is over nothing more is handed out, except the first batch: one look
/// is always had, so that a model slower than the budget still gets somewhere.
///
/// Owned by one call of Cascade::describe; every function may be called by every thread.
class Turns {
 public:
  /// `paces` by stage; outlives this, and is brought up to date. `deadline_ns` is monotonic.
  Turns(std::vector<Look> looks, std::vector<BranchPace>& paces, std::int64_t deadline_ns);

  /// Looks of one branch, for the caller to be done with by `done`. Nothing: there are none for
  /// him, now or later in this frame.
  [[nodiscard]] std::vector<Look> take();
  void done(const std::vector<Look>& batch, std::int64_t took_ns);

  /// Nothing more is handed out: somebody's model has failed.
  void give_up();

  /// Among how many threads the looks can be shared.
  [[nodiscard]] std::size_t branches() const;

  [[nodiscard]] std::uint64_t taken() const;
  [[nodiscard]] std::uint64_t left() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Look> to_do_;  // in their order
  std::vector<BranchPace>& paces_;
  std::vector<bool> is_busy_;  // by stage
  std::int64_t deadline_ns_;
  std::uint64_t taken_ = 0;
  bool given_up_ = false;
};

}  // namespace bulkhead::worker
