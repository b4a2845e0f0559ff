#include "worker/pipeline/candidate.hpp"

#include <memory>
#include <utility>

#include "ipc/result_text.hpp"
#include "worker/pipeline/picture_part.hpp"

namespace bulkhead::worker {

std::vector<NamedBox> named_boxes(const std::vector<Object>& objects, const ModelCard& model) {
  std::vector<NamedBox> boxes;
  boxes.reserve(objects.size());
  for (const Object& object : objects) {
    boxes.push_back({object.box, ipc::label_of(object.label_id, model)});
  }
  return boxes;
}

Result<CandidateModel> load_candidate(const PipelineSpec& pipeline, const DetectorPlaces& places) {
  auto created = Detector::create(pipeline.detect, places);
  if (!created) return created.error();
  // A function can be copied, and a detector cannot.
  const auto detector = std::make_shared<Detector>(*std::move(created));
  return CandidateModel{.sha256 = detector->card().sha256,
                        .detect = [detector, part = PicturePart{pipeline.frames}](
                                      const Frame& frame) -> Result<std::vector<NamedBox>> {
                          const auto objects = detect_part(*detector, part, frame);
                          if (!objects) return objects.error();
                          return named_boxes(*objects, detector->card());
                        }};
}

}  // namespace bulkhead::worker
