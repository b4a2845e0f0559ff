#include "supervisor/metrics/prometheus_text.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/session_views.hpp"

namespace bulkhead::supervisor {
namespace {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct Family {
  std::string type;
  std::vector<Sample> samples;
};

/// Reads the text exposition format 0.0.4 by its rules and fails the test where they are broken.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(text.ends_with('\n'));
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) read_line(line);
  }

  [[nodiscard]] const std::map<std::string, Family>& families() const { return families_; }

  [[nodiscard]] std::optional<double> value(
      const std::string& name, const std::map<std::string, std::string>& labels) const {
    for (const auto& [family_name, family] : families_) {
      for (const Sample& sample : family.samples) {
        if (sample.name == name && sample.labels == labels) return sample.value;
      }
    }
    return std::nullopt;
  }

 private:
  void read_line(const std::string& line) {
    static const std::regex kHelp{"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .*"};
    static const std::regex kType{
        "# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)"};
    static const std::regex kSample{R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+))"};
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      EXPECT_FALSE(families_.contains(match[1])) << "a second family of one name: " << line;
      current_ = match[1];
      families_[current_];
    } else if (std::regex_match(line, match, kType)) {
      EXPECT_EQ(match[1], current_) << line;
      EXPECT_TRUE(families_[current_].type.empty()) << line;
      families_[current_].type = match[2];
    } else if (std::regex_match(line, match, kSample)) {
      Sample sample{.name = match[1], .labels = labels_of(match[2]), .value = std::stod(match[3])};
      check_name(sample.name);
      EXPECT_TRUE(seen_.insert({sample.name, sample.labels}).second) << "twice: " << line;
      families_[current_].samples.push_back(std::move(sample));
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }

  void check_name(const std::string& name) {
    const std::string& type = families_[current_].type;
    std::set<std::string> allowed{current_};
    if (type == "histogram")
      allowed = {current_ + "_bucket", current_ + "_sum", current_ + "_count"};
    if (type == "summary") allowed = {current_ + "_sum", current_ + "_count"};
    EXPECT_TRUE(allowed.contains(name)) << name << " in " << current_;
    EXPECT_TRUE(type != "counter" || name.ends_with("_total")) << name;
    EXPECT_TRUE(name.starts_with("bulkhead_")) << name;
  }

  std::map<std::string, std::string> labels_of(const std::string& text) {
    std::map<std::string, std::string> labels;
    std::size_t i = 1;
    while (i + 1 < text.size()) {
      const std::size_t equals = text.find("=\"", i);
      const std::string name = text.substr(i, equals - i);
      std::string value;
      for (i = equals + 2; text.at(i) != '"'; ++i) {
        if (text[i] == '\\') {
          ++i;
          value += text.at(i) == 'n' ? '\n' : text.at(i);
        } else {
          value += text[i];
        }
      }
      EXPECT_TRUE(labels.emplace(name, value).second) << text;
      i += 2;  // the quote, and a comma or the brace
    }
    return labels;
  }

  std::string current_;
  std::map<std::string, Family> families_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> seen_;
};

SupervisorFigures one_camera() {
  SupervisorFigures figures;
  figures.uptime_seconds = 12.5;
  figures.max_sessions = 20;
  SessionView view = testing::sample_view("display;cam:1", "rtsp://camera/stream");
  view.state = SessionState::Live;
  view.generation = 2;
  view.pid = ::getpid();
  view.model = testing::sample_model("a\"b\\c\nd");
  view.counters.frames_received_total = 10;
  view.counters.frames_inferred_total = 4;
  view.counters.frames_dropped_total = 5;
  view.counters.frames_skipped_total = 1;
  view.counters.frames_rested_total = 6;
  view.counters.infer_ns_total = 200'000'000;
  view.counters.sink_backlog_records = 70;
  view.counters.sinks_failing = 2;
  view.restarts_by_reason = {{"WORKER_DIED", 3}};
  view.memory_limit = {.bytes = 4096, .enforcement = MemoryEnforcement::Cgroup1};
  figures.sessions.push_back(view);
  DurationHistogram latency;
  latency.observe(std::chrono::milliseconds{5});
  latency.observe(std::chrono::milliseconds{40});
  latency.observe(std::chrono::minutes{2});
  figures.latencies.emplace(view.spec.id, latency);
  figures.clients.evicted_total = {{"write_timeout", 1}};
  return figures;
}

TEST(PrometheusTextTest, TheWholePageFollowsTheExpositionFormat) {
  const Exposition page{prometheus_text(one_camera())};
  EXPECT_GT(page.families().size(), 20U);
  const std::map<std::string, std::string> camera{{"camera", "display;cam:1"}};
  EXPECT_EQ(page.value("bulkhead_frames_inferred_total", camera), 4);
  EXPECT_EQ(page.value("bulkhead_session_info", {{"camera", "display;cam:1"},
                                                 {"model", "a\"b\\c\nd"},
                                                 {"engine", "onnxruntime"},
                                                 {"generation", "2"}}),
            1);
  EXPECT_EQ(page.value("bulkhead_session_restarts_total",
                       {{"camera", "display;cam:1"}, {"reason", "WORKER_DIED"}}),
            3);
  EXPECT_EQ(page.value("bulkhead_frames_dropped_total",
                       {{"camera", "display;cam:1"}, {"reason", "detector_busy"}}),
            5);
  EXPECT_EQ(page.value("bulkhead_frames_dropped_total",
                       {{"camera", "display;cam:1"}, {"reason", "no_motion"}}),
            6);
  EXPECT_EQ(page.value("bulkhead_stage_duration_seconds_sum",
                       {{"camera", "display;cam:1"}, {"stage", "infer"}}),
            0.2);
  EXPECT_GT(page.value("bulkhead_worker_resident_memory_bytes", camera), 1e6);
  const std::map<std::string, std::string> limited{{"camera", camera.at("camera")},
                                                   {"enforced_by", "cgroup1"}};
  EXPECT_EQ(page.value("bulkhead_worker_memory_limit_bytes", limited), 4096);
  EXPECT_EQ(page.value("bulkhead_sink_backlog_records", camera), 70);
  EXPECT_EQ(page.value("bulkhead_sinks_failing", camera), 2);
  EXPECT_EQ(page.value("bulkhead_ws_client_evicted_total", {{"reason", "write_timeout"}}), 1);
}

TEST(PrometheusTextTest, ASessionIsInExactlyOneState) {
  const Exposition page{prometheus_text(one_camera())};
  double sum = 0;
  const auto& samples = page.families().at("bulkhead_session_state").samples;
  for (const Sample& sample : samples) sum += sample.value;
  EXPECT_EQ(samples.size(), 13U);
  EXPECT_EQ(sum, 1);
  EXPECT_EQ(page.value("bulkhead_session_state", {{"camera", "display;cam:1"}, {"state", "LIVE"}}),
            1);
}

TEST(PrometheusTextTest, AnOfflineCameraIsAProblemUnlessItMayBeAway) {
  SupervisorFigures figures = one_camera();
  figures.sessions[0].state = SessionState::Offline;
  figures.sessions[0].reason = ErrorCode::ConnectFailed;
  const auto problem = [&](Availability availability) {
    figures.sessions[0].spec.availability = availability;
    return Exposition{prometheus_text(figures)}.value(
        "bulkhead_session_problem",
        {{"camera", "display;cam:1"}, {"availability", std::string{name_of(availability)}}});
  };
  EXPECT_EQ(problem(Availability::Always), 1);
  EXPECT_EQ(problem(Availability::Intermittent), 0);
}

TEST(PrometheusTextTest, AHistogramIsCumulativeAndEndsAtItsCount) {
  const Exposition page{prometheus_text(one_camera())};
  const auto bucket = [&](const std::string& bound) {
    return page.value("bulkhead_e2e_latency_seconds_bucket",
                      {{"camera", "display;cam:1"}, {"le", bound}});
  };
  EXPECT_EQ(bucket("0.0025"), 0);
  EXPECT_EQ(bucket("0.005"), 1);  // a bound belongs to its bucket
  EXPECT_EQ(bucket("0.05"), 2);
  EXPECT_EQ(bucket("30"), 2);
  EXPECT_EQ(bucket("+Inf"), 3);
  EXPECT_EQ(page.value("bulkhead_e2e_latency_seconds_count", {{"camera", "display;cam:1"}}), 3);
  EXPECT_NEAR(*page.value("bulkhead_e2e_latency_seconds_sum", {{"camera", "display;cam:1"}}),
              120.045, 1e-9);
}

TEST(PrometheusTextTest, WithoutSessionsThePageIsStillValid) {
  const Exposition page{prometheus_text({})};
  EXPECT_TRUE(page.families().at("bulkhead_session_state").samples.empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
