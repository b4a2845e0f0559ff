#include "worker/cascade/cascade.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <latch>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::worker {

namespace {

std::vector<VoteRule> rules_of(const PipelineSpec& pipeline) {
  std::vector<VoteRule> rules;
  for (const CropStage& stage : pipeline.crops) rules.push_back(stage.votes);
  return rules;
}

}  // namespace

void limit_attributes(std::span<Object> objects) {
  std::size_t left = limits::kAttributesPerFrame;
  for (Object& object : objects) {
    if (object.attributes.size() > left) object.attributes.resize(left);
    left -= object.attributes.size();
  }
}

/// What a branch's stage is to look at: an object of the root, or a thing that was found on one.
struct Cascade::Target {
  std::size_t object = 0;
  Box box;
};

/// One look of a stage, whether or not it found something.
struct Cascade::Found {
  std::size_t object = 0;
  std::size_t stage = 0;
  std::optional<Attribute> attribute;
};

Cascade::Cascade(std::vector<Stage> stages, const PipelineSpec& pipeline)
    : stages_{std::move(stages)},
      children_(stages_.size()),
      budget_ns_{std::chrono::nanoseconds{pipeline.crop_budget}.count()},
      votes_{rules_of(pipeline)} {
  std::size_t branches = 0;
  for (const Stage& stage : stages_) {
    cards_.push_back(stage.card());
    if (stage.spec().parent) {
      children_[*stage.spec().parent].push_back(stage.index());
    } else {
      ++branches;
    }
  }
  for (const Stage& stage : stages_) paces_.push_back({most_at_once(stage.index()), 0});
  threads_ = std::clamp<std::size_t>(pipeline.crop_threads, 1, std::max<std::size_t>(branches, 1));
  if (threads_ > 1) others_ = std::make_unique<boost::asio::thread_pool>(threads_ - 1);
}

Cascade::Cascade(Cascade&&) noexcept = default;
Cascade& Cascade::operator=(Cascade&&) noexcept = default;
Cascade::~Cascade() = default;

Result<Cascade> Cascade::create(const PipelineSpec& pipeline,
                                const std::vector<std::string>& labels,
                                const DetectorPlaces& places) {
  std::vector<Stage> stages;
  for (const CropStage& spec : pipeline.crops) {
    auto stage = Stage::create(stages.size(), spec,
                               spec.parent ? stages[*spec.parent].labels() : labels, places);
    if (!stage) return stage.error();
    stages.push_back(*std::move(stage));
  }
  return Cascade{std::move(stages), pipeline};
}

/// A detector takes one at a time, but those below it may take what it found on several.
std::size_t Cascade::most_at_once(std::size_t stage) const {
  std::size_t most = stages_[stage].most_at_once();
  for (const std::size_t child : children_[stage]) most = std::max(most, most_at_once(child));
  return most;
}

void Cascade::take_zones(const std::vector<ZoneSpec>& zones) {
  for (Stage& stage : stages_) stage.take_zones(zones);
}

bool Cascade::asks_for_zones() const noexcept {
  return std::ranges::any_of(stages_,
                             [](const Stage& stage) { return !stage.spec().of.zones.empty(); });
}

bool Cascade::wants(std::uint32_t track, std::size_t stage) const {
  const auto& children = children_[stage];
  return votes_.wants(track, stage) ||
         std::ranges::any_of(children, [&](std::size_t child) { return wants(track, child); });
}

std::vector<Look> Cascade::looks_of(const std::vector<Object>& objects, bool tracked) const {
  std::vector<Look> looks;
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    if (stages_[stage].spec().parent) continue;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Object& object = objects[i];
      if (!stages_[stage].takes(object)) continue;
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
  Turns turns{looks_of(objects, tracked), paces_, start_ns + budget_ns_};
  const std::size_t threads = std::max<std::size_t>(std::min(threads_, turns.branches()), 1);
  std::vector<Result<std::vector<Found>>> outcomes(threads, std::vector<Found>{});
  beside_each_other(
      threads, [&](std::size_t thread) { outcomes[thread] = look_in_turn(frame, objects, turns); });
  for (auto& found : outcomes) {
    if (!found) return found.error();
    for (Found& each : *found) {
      Object& object = objects[each.object];
      take_in(std::move(each), object);
    }
  }
  if (tracked) tell_votes(objects);
  for (Object& object : objects) std::ranges::sort(object.attributes, {}, &Attribute::stage);
  return Work{.looked = turns.taken(), .skipped = turns.left()};
}

void Cascade::beside_each_other(std::size_t threads, const std::function<void(std::size_t)>& work) {
  std::latch others{static_cast<std::ptrdiff_t>(threads - 1)};
  for (std::size_t thread = 1; thread < threads; ++thread) {
    boost::asio::post(*others_, [&work, &others, thread] {
      work(thread);
      others.count_down();
    });
  }
  work(0);
  others.wait();
}

Result<std::vector<Cascade::Found>> Cascade::look_in_turn(const Frame& frame,
                                                          const std::vector<Object>& objects,
                                                          Turns& turns) {
  std::vector<Found> found;
  for (auto batch = turns.take(); !batch.empty(); batch = turns.take()) {
    const std::int64_t start_ns = monotonic_ns();
    std::vector<Target> targets;
    targets.reserve(batch.size());
    for (const Look& each : batch) targets.push_back({each.object, objects[each.object].box});
    const auto done = look(frame, batch.front().stage, targets, found);
    turns.done(batch, monotonic_ns() - start_ns);
    if (done) continue;
    turns.give_up();
    return done.error();
  }
  return found;
}

Result<> Cascade::look(const Frame& frame, std::size_t stage, std::span<const Target> targets,
                       std::vector<Found>& found) {
  for (const std::size_t most = stages_[stage].most_at_once(); targets.size() > most;
       targets = targets.subspan(most)) {
    if (auto done = look(frame, stage, targets.first(most), found); !done) return done;
  }
  std::vector<Box> boxes;
  boxes.reserve(targets.size());
  for (const Target& target : targets) boxes.push_back(target.box);
  auto said = stages_[stage].ask(frame, boxes);
  if (!said) return said.error();
  std::vector<std::vector<Target>> below(children_[stage].size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    auto& answer = (*said)[i];
    for (std::size_t child = 0; child < below.size(); ++child) {
      const std::size_t index = children_[stage][child];
      if (answer && stages_[index].takes(*answer->thing)) {
        below[child].push_back({targets[i].object, answer->thing->box});
      } else {
        found.push_back({targets[i].object, index, std::nullopt});
      }
    }
    std::optional<Attribute> attribute;
    if (answer) attribute = std::move(answer->attribute);
    found.push_back({targets[i].object, stage, std::move(attribute)});
  }
  for (std::size_t child = 0; child < below.size(); ++child) {
    if (below[child].empty()) continue;
    if (auto done = look(frame, children_[stage][child], below[child], found); !done) return done;
  }
  return {};
}

void Cascade::take_in(Found found, Object& object) {
  std::optional<Finding> finding;
  if (found.attribute) finding = Finding{found.attribute->text, found.attribute->confidence};
  votes_.add(object.track_id, found.stage, finding);
  if (found.attribute) object.attributes.push_back(*std::move(found.attribute));
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
