// Question: does a person keep one id? A clip is detected and tracked frame by frame, and what
// comes out is held against who is there: a table of persons and boxes made by hand (bench/truth).
//
//   bench_track_identity --clip FILE --truth FILE [--fps N] [--every N] [--side N] …
//   bench_track_identity --clip FILE --dump FILE    what is tracked, as a table, to make one
//   bench_track_identity --smoke                    the demo clip's first frames, for ctest
//
// Figures as in K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance:
// the CLEAR MOT metrics" (2008), and E. Ristani et al., "Performance measures and a data set for
// multi-target, multi-camera tracking" (2016), at an overlap of 0.5.

#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/must.hpp"
#include "bench/scratch_folder.hpp"
#include "common/clock.hpp"
#include "worker/detect/detector.hpp"
#include "worker/frame/frame_ring.hpp"
#include "worker/source/capture_loop.hpp"
#include "worker/source/file_source.hpp"
#include "worker/source/gst_start.hpp"
#include "worker/track/assignment.hpp"
#include "worker/track/track_stage.hpp"

namespace {

using namespace bulkhead;
using bench::fail;
using bench::must;
using bench::ScratchFolder;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr float kSameBox = 0.5F;
constexpr const char* kLabel = "person";

struct Options {
  fs::path clip = fs::path{BULKHEAD_DEPS} / "clips/people.mp4";
  fs::path truth = fs::path{BULKHEAD_BENCH_DIR} / "truth/people.csv";
  fs::path dump;
  std::string model = "yolo11n";
  std::uint32_t side = 416;
  float min_confidence = 0.3F;
  double fps = 10;
  std::uint64_t every = 1;  // frames; the others are left out, as where the detector is slow
  std::uint64_t frames = 0;
  bool smoke = false;
};

/// Who is in a frame, or what is said of it.
struct Person {
  std::uint32_t id = 0;
  Box box;
};
using Frames = std::map<std::uint64_t, std::vector<Person>>;

/// Lines of `frame,person,x,y,w,h`; others begin with '#'.
Frames read_truth(const fs::path& file) {
  std::ifstream in{file};
  if (!in) fail("cannot read " + file.string());
  Frames frames;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    unsigned long frame = 0;
    Person person;
    if (std::sscanf(line.c_str(), "%lu,%u,%f,%f,%f,%f", &frame, &person.id, &person.box.x,
                    &person.box.y, &person.box.w, &person.box.h) != 6) {
      fail("not understood: " + line);
    }
    frames[frame].push_back(person);
  }
  return frames;
}

/// Plays a clip flat out, every picture once.
class Clip {
 public:
  explicit Clip(const fs::path& file)
      : capture_{must(worker::FileSource::create(file, {.pace = Pace::FlatOut})), ring_, counters_,
                 events()} {}

  std::optional<worker::Frame> next() {
    for (;;) {
      const bool was_finished = finished_.load();
      if (auto frame = ring_.pop({}, 100ms)) return frame;
      if (was_finished) return std::nullopt;
    }
  }

 private:
  worker::CaptureEvents events() {
    worker::CaptureEvents events;
    events.finished = [this] { finished_.store(true); };
    return events;
  }

  worker::FrameRing ring_{2, worker::WhenFull::Block};
  worker::CaptureCounters counters_;
  std::atomic<bool> finished_{false};
  worker::CaptureLoop capture_;
};

/// What the detector and the tracking stage make of the clip, by frame.
Frames track_clip(const Options& options) {
  DetectStage stage;
  stage.model = options.model;
  stage.input_width = stage.input_height = options.side;
  stage.classes = {kLabel};
  const worker::TrackStage::Settings settings{.min_confidence = options.min_confidence};
  stage.min_confidence = worker::least_confidence(settings.on, options.min_confidence);
  worker::Detector detector =
      must(worker::Detector::create(stage, {.catalog = BULKHEAD_CATALOG,
                                            .model_dir = fs::path{BULKHEAD_DEPS} / "models",
                                            .cache_dir = {}}));
  worker::TrackStage tracks{settings};
  Frames tracked;
  Clip clip{options.clip};
  while (auto frame = clip.next()) {
    if (options.frames != 0 && frame->id > options.frames) break;
    if ((frame->id - 1) % options.every != 0) continue;
    auto objects = must(detector.detect(*frame));
    // When it was taken, not when it was decoded.
    frame->arrival_ns = static_cast<std::int64_t>(static_cast<double>(frame->id) / options.fps *
                                                  static_cast<double>(kNsPerSecond));
    tracks.track(*frame, objects);
    for (const Object& object : objects)
      tracked[frame->id].push_back({object.track_id, object.box});
  }
  return tracked;
}

void dump(const Frames& frames, const fs::path& file) {
  std::ofstream out{file};
  for (const auto& [frame, persons] : frames) {
    for (const Person& person : persons) {
      out << frame << ',' << person.id << ',' << person.box.x << ',' << person.box.y << ','
          << person.box.w << ',' << person.box.h << '\n';
    }
  }
  if (!out) fail("cannot write " + file.string());
}

/// Counted over the frames that the truth speaks of.
struct Score {
  std::uint64_t boxes = 0;  // persons in all frames
  std::uint64_t missed = 0;
  std::uint64_t invented = 0;
  std::uint64_t switches = 0;   // a person has another id than when last seen
  std::uint64_t fragments = 0;  // a person is seen, then not, then again
  std::set<std::uint32_t> persons;
  std::set<std::uint32_t> ids;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> together;  // person, id

  [[nodiscard]] double accuracy() const {
    return 1 - static_cast<double>(missed + invented + switches) / static_cast<double>(boxes);
  }

  /// Share of boxes that bear the one id which is best taken for their person (IDF1).
  [[nodiscard]] double identity() const {
    const std::vector<std::uint32_t> rows(persons.begin(), persons.end());
    const std::vector<std::uint32_t> columns(ids.begin(), ids.end());
    std::vector<float> gains;
    for (const std::uint32_t person : rows) {
      for (const std::uint32_t id : columns) {
        const auto found = together.find({person, id});
        gains.push_back(found == together.end() ? 0 : static_cast<float>(found->second));
      }
    }
    const auto id_of = worker::best_assignment(gains, rows.size(), columns.size());
    double right = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (id_of[row] == worker::kUnassigned) continue;
      right +=
          static_cast<double>(gains[row * columns.size() + static_cast<std::size_t>(id_of[row])]);
    }
    const std::uint64_t told = boxes - missed + invented;
    return 2 * right / static_cast<double>(boxes + told);
  }
};

/// Which of `said` is which of `truth`, by their places: pairs of the frame before first, then the
/// greatest overlaps together.
std::map<std::size_t, std::size_t> match(const std::vector<Person>& truth,
                                         const std::vector<Person>& said,
                                         const std::map<std::uint32_t, std::uint32_t>& last_id) {
  constexpr float kKept = 10;  // more than any sum of overlaps that it could cost
  std::vector<float> gains;
  for (const Person& person : truth) {
    const auto before = last_id.find(person.id);
    for (const Person& one : said) {
      const float overlap = intersection_over_union(person.box, one.box);
      const bool kept = before != last_id.end() && before->second == one.id;
      gains.push_back(overlap < kSameBox ? 0 : overlap + (kept ? kKept : 0));
    }
  }
  std::map<std::size_t, std::size_t> matched;
  const auto one_of = worker::best_assignment(gains, truth.size(), said.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (one_of[i] != worker::kUnassigned) matched[i] = static_cast<std::size_t>(one_of[i]);
  }
  return matched;
}

Score score_of(const Frames& truth, const Frames& tracked, const Options& options) {
  Score score;
  std::map<std::uint32_t, std::uint32_t> last_id;
  std::map<std::uint32_t, bool> was_seen;
  const std::uint64_t last_frame = tracked.empty() ? 0 : tracked.rbegin()->first;
  for (const auto& [frame, persons] : truth) {
    if (frame > last_frame || (frame - 1) % options.every != 0) continue;
    std::vector<Person> said;
    const auto found = tracked.find(frame);
    if (found != tracked.end()) {
      std::ranges::copy_if(found->second, std::back_inserter(said),
                           [](const Person& person) { return person.id != 0; });
    }
    const auto matched = match(persons, said, last_id);
    score.boxes += persons.size();
    score.missed += persons.size() - matched.size();
    score.invented += said.size() - matched.size();
    for (const Person& one : said) score.ids.insert(one.id);
    for (std::size_t i = 0; i < persons.size(); ++i) {
      const std::uint32_t person = persons[i].id;
      score.persons.insert(person);
      const auto one = matched.find(i);
      if (one == matched.end()) {
        was_seen[person] = false;
        continue;
      }
      const std::uint32_t id = said[one->second].id;
      const auto before = last_id.find(person);
      if (before != last_id.end()) {
        score.switches += before->second != id ? 1 : 0;
        score.fragments += was_seen[person] ? 0 : 1;
      }
      was_seen[person] = true;
      last_id[person] = id;
      ++score.together[{person, id}];
    }
  }
  return score;
}

void print(const Score& score) {
  std::printf(
      "| persons | boxes | missed | invented | ids | switches | fragments | MOTA | IDF1 |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  std::printf("| %zu | %lu | %lu | %lu | %zu | %lu | %lu | %.3f | %.3f |\n", score.persons.size(),
              score.boxes, score.missed, score.invented, score.ids.size(), score.switches,
              score.fragments, score.accuracy(), score.identity());
}

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"Whether a person keeps one id"};
  app.add_option("--clip", options.clip);
  app.add_option("--truth", options.truth);
  app.add_option("--dump", options.dump, "write what is tracked instead of judging it");
  app.add_option("--model", options.model, "name of config/models.json or an .onnx file");
  app.add_option("--side", options.side, "of the model's input, pixels");
  app.add_option("--min-confidence", options.min_confidence);
  app.add_option("--fps", options.fps, "of the clip");
  app.add_option("--every", options.every, "frames; those between are left out");
  app.add_option("--frames", options.frames, "of the clip's begin; 0: all");
  app.add_flag("--smoke", options.smoke);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (options.smoke) options.frames = 20;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  static const ScratchFolder folder;  // static: fail() takes it away too
  const auto quiet = [](std::string_view, std::string_view, std::string_view) {};
  if (const auto started = worker::gst_start(folder.path, quiet); !started) {
    fail(started.error().message);
  }
  if (!options.dump.empty()) {
    dump(track_clip(options), options.dump);
    return 0;
  }
  const Frames truth = read_truth(options.truth);
  const Score score = score_of(truth, track_clip(options), options);
  if (score.boxes == 0 || score.ids.empty()) fail("nothing to judge");
  print(score);
  return 0;
}
