#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/detection.hpp"
#include "common/pipeline_spec.hpp"
#include "common/result.hpp"
#include "common/zone_spec.hpp"
#include "worker/cascade/classifier.hpp"
#include "worker/cascade/crop.hpp"
#include "worker/cascade/text_reader.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::worker {

/// A stage below the root: which things it looks at, and the model that says something of them.
///
/// Owned by a Cascade, used by one thread at a time.
class Stage {
 public:
  /// What the model said of a thing.
  struct Said {
    Attribute attribute;
    std::optional<Object> thing;  // of a detector, for the stages below it
  };

  /// Loads the model and runs it. `index` is its place in the pipeline, `labels` are those of the
  /// stage above. Errors: those of Detector, Classifier and TextReader, with the attribute named;
  /// InvalidParams for a class of `of` that is none of `labels`.
  static Result<Stage> create(std::size_t index, const CropStage& spec,
                              const std::vector<std::string>& labels, const DetectorPlaces& places);

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] const CropStage& spec() const noexcept { return spec_; }
  [[nodiscard]] AttributeCard card() const;

  /// Of what it finds, for the stages below; empty for one that is no detector.
  [[nodiscard]] std::vector<std::string> labels() const;

  /// What the names in `of.zones` mean from now on. One that the session does not have holds
  /// nobody.
  void take_zones(const std::vector<ZoneSpec>& zones);

  /// Whether it looks at things like this one.
  [[nodiscard]] bool takes(const Object& thing) const;

  /// Things of one call of `ask`, at most.
  [[nodiscard]] std::size_t most_at_once() const;

  /// What the model says of what `frame` shows in each of the boxes; nothing where that is too
  /// uncertain, or no pixel. Errors: InferenceFailed, with the attribute named.
  Result<std::vector<std::optional<Said>>> ask(const Frame& frame, std::span<const Box> boxes);

 private:
  using Work = std::variant<Classifier, TextReader, Detector>;

  Stage(std::size_t index, CropStage spec, Work work, std::vector<bool> wanted);

  static Result<Work> load(const CropStage& spec, const DetectorPlaces& places);
  [[nodiscard]] const CropModel& crop_model() const;
  Result<std::vector<std::optional<Said>>> say(std::span<const Crop> crops);
  Result<std::optional<Said>> find(const Crop& crop);

  std::size_t index_;
  CropStage spec_;
  Work work_;
  std::vector<bool> wanted_;  // by label of the stage above; empty: all
  std::uint32_t zones_ = 0;   // bits of those of `of.zones` that the session has
};

/// An attribute as it is told, its text made printable.
[[nodiscard]] Attribute attribute_of(std::size_t stage, const Finding& finding);

}  // namespace bulkhead::worker
