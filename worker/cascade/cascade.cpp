#include "worker/cascade/cascade.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "worker/cascade/crop.hpp"

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

std::vector<VoteRule> rules_of(const PipelineSpec& pipeline) {
  std::vector<VoteRule> rules;
  for (const CropStage& stage : pipeline.crops) rules.push_back(stage.votes);
  return rules;
}

Attribute attribute_of(std::size_t stage, const Finding& finding) {
  return {.stage = static_cast<std::uint8_t>(stage),
          .text = printable_text(finding.text, limits::kLabelBytes),
          .confidence = finding.confidence,
          .box = std::nullopt};
}

/// In the order of their stages, and no more than a record holds: who is less certain goes without.
void arrange(std::vector<Object>& objects) {
  std::size_t left = limits::kAttributesPerFrame;
  for (Object& object : objects) {
    std::ranges::sort(object.attributes, {}, &Attribute::stage);
    if (object.attributes.size() > left) object.attributes.resize(left);
    left -= object.attributes.size();
  }
}

}  // namespace

struct Cascade::Stage {
  CropStage spec;
  std::variant<Classifier, TextReader, Detector> work;
  std::vector<bool> wanted;           // by label of the parent's model; empty: all
  std::vector<std::size_t> children;  // of a detector
  std::uint32_t zones = 0;            // bits of those of `spec.of.zones` that the session has

  [[nodiscard]] bool takes(const Object& object) const {
    const bool is_wanted =
        wanted.empty() || (object.label_id < wanted.size() && wanted[object.label_id]);
    const auto least_side = static_cast<float>(spec.of.min_side);
    const bool is_there = spec.of.zones.empty() || (object.zones & zones) != 0;
    return is_wanted && is_there && object.confidence >= spec.of.min_confidence &&
           std::min(object.box.w, object.box.h) >= least_side;
  }

  Result<Finding> run(const Frame& frame) {
    if (auto* classifier = std::get_if<Classifier>(&work)) return classifier->classify(frame);
    return std::get<TextReader>(work).read(frame);
  }
};

struct Cascade::Look {
  std::size_t object = 0;
  std::size_t stage = 0;
  std::uint32_t looks = 0;  // so far
  float area = 0;
};

Cascade::Cascade(std::vector<std::unique_ptr<Stage>> stages, std::vector<AttributeCard> cards,
                 const PipelineSpec& pipeline)
    : stages_{std::move(stages)},
      cards_{std::move(cards)},
      budget_ns_{std::chrono::nanoseconds{pipeline.crop_budget}.count()},
      votes_{rules_of(pipeline)} {}

Cascade::Cascade(Cascade&&) noexcept = default;
Cascade& Cascade::operator=(Cascade&&) noexcept = default;
Cascade::~Cascade() = default;

namespace {

using Work = std::variant<Classifier, TextReader, Detector>;

Result<Work> create_work(const CropStage& spec, const DetectorPlaces& places) {
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

AttributeCard card_of(const CropStage& spec, const Work& work) {
  if (const auto* detector = std::get_if<Detector>(&work)) {
    return {spec.attribute, detector->card().name, detector->card().sha256};
  }
  const CropModel& model = std::holds_alternative<Classifier>(work)
                               ? std::get<Classifier>(work).model()
                               : std::get<TextReader>(work).model();
  return {spec.attribute, model.name(), model.sha256()};
}

Error of_stage(const CropStage& spec, Error error) {
  error.message = "stage \"" + spec.attribute + "\": " + error.message;
  return error;
}

}  // namespace

Result<Cascade> Cascade::create(const PipelineSpec& pipeline,
                                const std::vector<std::string>& labels,
                                const DetectorPlaces& places) {
  std::vector<std::unique_ptr<Stage>> stages;
  std::vector<AttributeCard> cards;
  for (const CropStage& spec : pipeline.crops) {
    auto work = create_work(spec, places);
    if (!work) return of_stage(spec, work.error());
    const std::vector<std::string>& above =
        spec.parent ? std::get<Detector>(stages[*spec.parent]->work).card().labels : labels;
    auto wanted = wanted_labels(spec.of, above);
    if (!wanted) return of_stage(spec, wanted.error());
    if (spec.parent) stages[*spec.parent]->children.push_back(stages.size());
    cards.push_back(card_of(spec, *work));
    stages.push_back(
        std::make_unique<Stage>(Stage{spec, *std::move(work), *std::move(wanted), {}}));
  }
  return Cascade{std::move(stages), std::move(cards), pipeline};
}

void Cascade::take_zones(const std::vector<ZoneSpec>& zones) {
  for (const auto& stage : stages_) {
    stage->zones = 0;
    for (std::size_t i = 0; i < zones.size(); ++i) {
      const bool is_named = std::ranges::count(stage->spec.of.zones, zones[i].name) > 0;
      if (is_named) stage->zones |= 1U << i;
    }
  }
}

bool Cascade::asks_for_zones() const noexcept {
  return std::ranges::any_of(stages_,
                             [](const auto& stage) { return !stage->spec.of.zones.empty(); });
}

bool Cascade::wants(std::uint32_t track, std::size_t stage) const {
  const auto& children = stages_[stage]->children;
  return votes_.wants(track, stage) ||
         std::ranges::any_of(children, [&](std::size_t child) { return wants(track, child); });
}

std::vector<Cascade::Look> Cascade::looks_of(const std::vector<Object>& objects,
                                             bool tracked) const {
  std::vector<Look> looks;
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    if (stages_[stage]->spec.parent) continue;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Object& object = objects[i];
      if (!stages_[stage]->takes(object)) continue;
      if (tracked && (object.track_id == 0 || !wants(object.track_id, stage))) continue;
      looks.push_back({.object = i,
                       .stage = stage,
                       .looks = tracked ? votes_.looks(object.track_id, stage) : 0,
                       .area = object.box.w * object.box.h});
    }
  }
  std::ranges::stable_sort(looks, [](const Look& a, const Look& b) {
    return a.looks != b.looks ? a.looks < b.looks : a.area > b.area;
  });
  return looks;
}

Result<Cascade::Work> Cascade::describe(const Frame& frame, bool tracked,
                                        std::vector<Object>& objects) {
  const std::int64_t start_ns = monotonic_ns();
  if (tracked) {
    for (const Object& object : objects) {
      if (object.track_id != 0) votes_.see(object.track_id, frame.arrival_ns);
    }
    votes_.forget_unseen(frame.arrival_ns);
  }
  Work work;
  const std::vector<Look> looks = looks_of(objects, tracked);
  for (const Look& next : looks) {
    if (work.looked > 0 && monotonic_ns() - start_ns >= budget_ns_) {
      work.skipped = looks.size() - work.looked;
      break;
    }
    Object& object = objects[next.object];
    if (auto done = look(frame, next.stage, object.box, object); !done) return done.error();
    ++work.looked;
  }
  if (tracked) tell_votes(objects);
  arrange(objects);
  return work;
}

Result<> Cascade::look(const Frame& frame, std::size_t stage, const Box& box, Object& object) {
  auto found = find(frame, stage, box);
  if (!found) return found.error();
  const std::optional<Attribute>& attribute = *found;
  std::optional<Finding> finding;
  if (attribute) finding = Finding{attribute->text, attribute->confidence};
  votes_.add(object.track_id, stage, finding);
  for (const std::size_t child : stages_[stage]->children) {
    if (!attribute || !attribute->box) {
      votes_.add(object.track_id, child, std::nullopt);
    } else if (auto done = look(frame, child, *attribute->box, object); !done) {
      return done;
    }
  }
  if (attribute) object.attributes.push_back(*attribute);
  return {};
}

Result<std::optional<Attribute>> Cascade::find(const Frame& frame, std::size_t stage,
                                               const Box& box) {
  Stage& here = *stages_[stage];
  const auto part = crop(frame, box, here.spec.of.padding);
  if (!part) return std::optional<Attribute>{};
  auto* const detector = std::get_if<Detector>(&here.work);
  if (detector == nullptr) {
    auto finding = here.run(part->frame);
    if (!finding) return of_stage(here.spec, finding.error());
    if (finding->text.empty() || finding->confidence < least_confidence(here.spec)) {
      return std::optional<Attribute>{};
    }
    return std::optional{attribute_of(stage, *finding)};
  }
  const auto objects = detector->detect(part->frame);
  if (!objects) return of_stage(here.spec, objects.error());
  if (objects->empty()) return std::optional<Attribute>{};
  const Object& best = objects->front();
  Attribute attribute =
      attribute_of(stage, {detector->card().labels[best.label_id], best.confidence});
  attribute.box = Box{best.box.x + part->left, best.box.y + part->top, best.box.w, best.box.h};
  return std::optional{std::move(attribute)};
}

void Cascade::tell_votes(std::vector<Object>& objects) const {
  for (Object& object : objects) {
    const std::vector<Attribute> now = std::exchange(object.attributes, {});
    for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
      auto result = votes_.result(object.track_id, stage);
      if (!result) continue;
      Attribute attribute = attribute_of(stage, *result);
      const auto found = std::ranges::find(now, attribute.stage, &Attribute::stage);
      if (found != now.end()) attribute.box = found->box;
      object.attributes.push_back(std::move(attribute));
    }
  }
}

}  // namespace bulkhead::worker
