#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/detection.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/zone_spec.hpp"
#include "worker/cascade/attribute_votes.hpp"
#include "worker/cascade/classifier.hpp"
#include "worker/cascade/text_reader.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// The stages below the root: gives objects their attributes.
///
///   with tracks      each stage looks at an object until its votes are in, and what they amount to
///                    is told with every frame of the track
///   without          each stage looks at every object of every frame
///
/// A frame may take PipelineSpec::crop_budget: what has been looked at least comes first, then what
/// is largest; past the budget the rest is left out and counted, never queued. One look is always
/// had, so that a model slower than the budget still gets somewhere. Stages run one after the other
/// in the order of the pipeline's file, so results have a defined order; the threads of one
/// inference are the stage's own `threads`.
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

  /// Adds attributes to the objects of a frame. `tracked`: their tracks are followed, and one that
  /// has no number yet is not looked at. Errors: InferenceFailed.
  Result<Work> describe(const Frame& frame, bool tracked, std::vector<Object>& objects);

  /// The zones of the session, from the next frame on: what their names in `of.zones` mean. One
  /// that the session does not have holds nobody.
  void take_zones(const std::vector<ZoneSpec>& zones);

  /// Whether `describe` wants the zones of objects set.
  [[nodiscard]] bool asks_for_zones() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return stages_.empty(); }
  [[nodiscard]] const std::vector<AttributeCard>& cards() const noexcept { return cards_; }

 private:
  struct Stage;
  struct Look;  // one object and one stage directly below the root

  Cascade(std::vector<std::unique_ptr<Stage>> stages, std::vector<AttributeCard> cards,
          const PipelineSpec& pipeline);

  [[nodiscard]] std::vector<Look> looks_of(const std::vector<Object>& objects, bool tracked) const;
  [[nodiscard]] bool wants(std::uint32_t track, std::size_t stage) const;
  Result<> look(const Frame& frame, std::size_t stage, const Box& box, Object& object);
  Result<std::optional<Attribute>> find(const Frame& frame, std::size_t stage, const Box& box);
  void tell_votes(std::vector<Object>& objects) const;

  std::vector<std::unique_ptr<Stage>> stages_;  // each after its parent
  std::vector<AttributeCard> cards_;            // by stage
  std::int64_t budget_ns_;
  AttributeVotes votes_;
};

}  // namespace bulkhead::worker
