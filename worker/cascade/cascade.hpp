#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/detection.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/zone_spec.hpp"
#include "worker/cascade/attribute_votes.hpp"
#include "worker/cascade/stage.hpp"
#include "worker/cascade/turns.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame.hpp"

namespace boost::asio {
class thread_pool;
}

namespace bulkhead::worker {

/// The stages below the root: gives objects their attributes.
///
///   with tracks      each stage looks at an object until its votes are in, and what they amount to
///                    is told with every frame of the track
///   without          each stage looks at every object of every frame
///
/// A frame may take PipelineSpec::crop_budget: what has been looked at least comes first, then what
/// is largest; past the budget the rest is left out and counted, never queued. One look is always
/// had, so that a model slower than the budget still gets somewhere (Turns).
///
/// Crops of one stage go into its model a few at once, where it takes that (CropModel). Stages
/// directly below the root, each with those below it, are branches: PipelineSpec::crop_threads of
/// them are looked at beside each other. What was found is taken in when all are done, so results
/// have the order of the pipeline's file whoever was first. The threads of one inference are the
/// stage's own `threads`.
///
/// Owned and used by the detect thread.
class Cascade {
 public:
  /// What one frame cost.
  struct Work {
    std::uint64_t looked = 0;   // objects, once for each stage directly below the root
    std::uint64_t skipped = 0;  // for which there was no time
  };

  /// Loads the model of each stage and runs it once. `labels` are those of the root. Errors: those
  /// of Detector, Classifier and TextReader, with the stage's attribute named; InvalidParams for a
  /// class of `of` that the parent's model does not have.
  static Result<Cascade> create(const PipelineSpec& pipeline,
                                const std::vector<std::string>& labels,
                                const DetectorPlaces& places);

  Cascade(Cascade&&) noexcept;
  Cascade& operator=(Cascade&&) noexcept;
  ~Cascade();

  /// Adds attributes to the objects of a frame, in the order of their stages. `tracked`: their
  /// tracks are followed, and one that has no number yet is not looked at. Errors: InferenceFailed.
  Result<Work> describe(const Frame& frame, bool tracked, std::vector<Object>& objects);

  /// The zones of the session, from the next frame on: what their names in `of.zones` mean. One
  /// that the session does not have holds nobody.
  void take_zones(const std::vector<ZoneSpec>& zones);

  /// Whether `describe` wants the zones of objects set.
  [[nodiscard]] bool asks_for_zones() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return stages_.empty(); }
  [[nodiscard]] const std::vector<AttributeCard>& cards() const noexcept { return cards_; }

 private:
  struct Target;
  struct Found;

  Cascade(std::vector<Stage> stages, const PipelineSpec& pipeline);

  [[nodiscard]] std::vector<Look> looks_of(const std::vector<Object>& objects, bool tracked) const;
  [[nodiscard]] bool wants(std::uint32_t track, std::size_t stage) const;
  [[nodiscard]] std::size_t most_at_once(std::size_t stage) const;

  // Called by several threads, each with a branch of its own; they change nothing but its stages.
  Result<std::vector<Found>> look_in_turn(const Frame& frame, const std::vector<Object>& objects,
                                          Turns& turns);
  Result<> look(const Frame& frame, std::size_t stage, std::span<const Target> targets,
                std::vector<Found>& found);

  /// Calls `work` with 0 to threads - 1, each on a thread of its own; 0 on the caller's.
  void beside_each_other(std::size_t threads, const std::function<void(std::size_t)>& work);
  void take_in(Found found, Object& object);
  void tell_votes(std::vector<Object>& objects) const;

  std::vector<Stage> stages_;                       // each after its parent
  std::vector<std::vector<std::size_t>> children_;  // by stage; of a detector
  std::vector<AttributeCard> cards_;                // by stage
  std::vector<BranchPace> paces_;                   // by stage; of those directly below the root
  std::int64_t budget_ns_;
  std::size_t threads_ = 1;
  std::unique_ptr<boost::asio::thread_pool> others_;  // threads_ - 1 of them; null: none
  AttributeVotes votes_;
};

/// Leaves the objects of a frame as many attributes as a record holds: the first objects, of which
/// the detector is most certain, keep theirs.
void limit_attributes(std::span<Object> objects);

}  // namespace bulkhead::worker
