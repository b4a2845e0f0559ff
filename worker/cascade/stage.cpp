#include "worker/cascade/stage.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

/// One bit for each label of the parent's model; empty where all are wanted.
Result<std::vector<bool>> wanted_labels(const CropRule& rule,
                                        const std::vector<std::string>& labels) {
  std::vector<bool> wanted;
  if (rule.classes.empty()) return wanted;
  wanted.resize(labels.size());
  for (const std::string& name : rule.classes) {
    const auto found = std::ranges::find(labels, name);
    if (found == labels.end()) {
      return Error{ErrorCode::InvalidParams,
                   "the stage above has no class \"" + printable_text(name, limits::kLabelBytes) +
                       "\" to look at; leave out \"of.classes\", or name one of its " +
                       std::to_string(labels.size()),
                   "of.classes"};
    }
    wanted[static_cast<std::size_t>(found - labels.begin())] = true;
  }
  return wanted;
}

float least_confidence(const CropStage& stage) {
  if (const auto* classify = std::get_if<ClassifyStage>(&stage.work))
    return classify->min_confidence;
  if (const auto* read = std::get_if<ReadStage>(&stage.work)) return read->min_confidence;
  return 0;  // a detector keeps its own
}

Error of_stage(const CropStage& spec, Error error) {
  error.message = "stage \"" + spec.attribute + "\": " + error.message;
  return error;
}

}  // namespace

Attribute attribute_of(std::size_t stage, const Finding& finding) {
  return {.stage = static_cast<std::uint8_t>(stage),
          .text = printable_text(finding.text, limits::kLabelBytes),
          .confidence = finding.confidence,
          .box = std::nullopt};
}

Stage::Stage(std::size_t index, CropStage spec, Work work, std::vector<bool> wanted)
    : index_{index}, spec_{std::move(spec)}, work_{std::move(work)}, wanted_{std::move(wanted)} {}

Result<Stage> Stage::create(std::size_t index, const CropStage& spec,
                            const std::vector<std::string>& labels, const DetectorPlaces& places) {
  auto work = load(spec, places);
  if (!work) return of_stage(spec, work.error());
  auto wanted = wanted_labels(spec.of, labels);
  if (!wanted) return of_stage(spec, wanted.error());
  return Stage{index, spec, *std::move(work), *std::move(wanted)};
}

Result<Stage::Work> Stage::load(const CropStage& spec, const DetectorPlaces& places) {
  const auto as_work = [](auto created) -> Result<Work> {
    if (!created) return created.error();
    return Work{*std::move(created)};
  };
  if (const auto* classify = std::get_if<ClassifyStage>(&spec.work)) {
    return as_work(Classifier::create(*classify, places));
  }
  if (const auto* read = std::get_if<ReadStage>(&spec.work)) {
    return as_work(TextReader::create(*read, places));
  }
  return as_work(Detector::create(std::get<DetectStage>(spec.work), places));
}

const CropModel& Stage::crop_model() const {
  const auto* classifier = std::get_if<Classifier>(&work_);
  return classifier != nullptr ? classifier->model() : std::get<TextReader>(work_).model();
}

AttributeCard Stage::card() const {
  if (const auto* detector = std::get_if<Detector>(&work_)) {
    return {spec_.attribute, detector->card().name, detector->card().sha256};
  }
  return {spec_.attribute, crop_model().name(), crop_model().sha256()};
}

std::vector<std::string> Stage::labels() const {
  const auto* detector = std::get_if<Detector>(&work_);
  return detector != nullptr ? detector->card().labels : std::vector<std::string>{};
}

void Stage::take_zones(const std::vector<ZoneSpec>& zones) {
  zones_ = 0;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (std::ranges::count(spec_.of.zones, zones[i].name) > 0) zones_ |= 1U << i;
  }
}

bool Stage::takes(const Object& thing) const {
  const bool is_wanted =
      wanted_.empty() || (thing.label_id < wanted_.size() && wanted_[thing.label_id]);
  const auto least_side = static_cast<float>(spec_.of.min_side);
  const bool is_there = spec_.of.zones.empty() || (thing.zones & zones_) != 0;
  return is_wanted && is_there && thing.confidence >= spec_.of.min_confidence &&
         std::min(thing.box.w, thing.box.h) >= least_side;
}

std::size_t Stage::most_at_once() const {
  return std::holds_alternative<Detector>(work_) ? 1 : crop_model().most_at_once();
}

Result<std::vector<std::optional<Stage::Said>>> Stage::ask(const Frame& frame,
                                                           std::span<const Box> boxes) {
  assert(boxes.size() <= most_at_once());
  std::vector<Crop> crops;
  std::vector<std::size_t> with_pixels;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    auto part = crop(frame, boxes[i], spec_.of.padding);
    if (!part) continue;
    crops.push_back(*std::move(part));
    with_pixels.push_back(i);
  }
  std::vector<std::optional<Said>> said(boxes.size());
  if (crops.empty()) return said;
  auto of_crops = say(crops);
  if (!of_crops) return of_stage(spec_, of_crops.error());
  for (std::size_t i = 0; i < crops.size(); ++i) said[with_pixels[i]] = std::move((*of_crops)[i]);
  return said;
}

Result<std::vector<std::optional<Stage::Said>>> Stage::say(std::span<const Crop> crops) {
  std::vector<std::optional<Said>> said;
  if (std::holds_alternative<Detector>(work_)) {
    auto thing = find(crops.front());
    if (!thing) return thing.error();
    said.push_back(*std::move(thing));
    return said;
  }
  std::vector<Frame> frames;
  for (const Crop& each : crops) frames.push_back(each.frame);
  auto* const classifier = std::get_if<Classifier>(&work_);
  const auto findings = classifier != nullptr ? classifier->classify(frames)
                                              : std::get<TextReader>(work_).read(frames);
  if (!findings) return findings.error();
  for (const Finding& finding : *findings) {
    const bool is_told = !finding.text.empty() && finding.confidence >= least_confidence(spec_);
    said.push_back(is_told ? std::optional{Said{attribute_of(index_, finding), std::nullopt}}
                           : std::nullopt);
  }
  return said;
}

Result<std::optional<Stage::Said>> Stage::find(const Crop& crop) {
  auto& detector = std::get<Detector>(work_);
  const auto objects = detector.detect(crop.frame);
  if (!objects) return objects.error();
  if (objects->empty()) return std::optional<Said>{};
  Object best = objects->front();
  best.box.x += crop.left;
  best.box.y += crop.top;
  Attribute attribute =
      attribute_of(index_, {detector.card().labels[best.label_id], best.confidence});
  attribute.box = best.box;
  return std::optional{Said{std::move(attribute), std::move(best)}};
}

}  // namespace bulkhead::worker
