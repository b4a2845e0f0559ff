#include "worker/sink/result_sinks.hpp"
#include "common/sink_limits.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <stop_token>
#include <utility>

namespace bulkhead::worker {

namespace {

constexpr std::size_t kThreadNameChars = 15;  // the kernel keeps no more

[[maybe_unused]] bool is_name(const std::string& name) {
  constexpr std::string_view kChars = "abcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.size() <= limits::kSinkNameBytes &&
         name.find_first_not_of(kChars) == std::string::npos;
}

SpoolSpec spool_spec(const ResultSinksSpec& spec, const std::vector<NamedSink>& sinks) {
  SpoolSpec spool{
      .folder = spec.folder, .session = spec.session, .sinks = {}, .max_bytes = spec.spool_bytes};
  for (const NamedSink& sink : sinks) {
    assert(is_name(sink.name));
    assert(std::find(spool.sinks.begin(), spool.sinks.end(), sink.name) == spool.sinks.end());
    spool.sinks.push_back(sink.name);
  }
  return spool;
}

OverlapGate::State gate_of(const ResultSinksSpec& spec) {
  return spec.held ? OverlapGate::State::Held : OverlapGate::State::Begun;
}

void name_thread(std::string name) {
  name.resize(std::min(name.size(), kThreadNameChars));
  ::pthread_setname_np(::pthread_self(), name.c_str());
}

}  // namespace

ResultSinks::ResultSinks(const ResultSinksSpec& spec, std::vector<NamedSink> sinks,
                         const std::shared_ptr<spdlog::logger>& log)
    : log_{spool_spec(spec, sinks), gate_of(spec), log}, running_{sinks.size() + 1} {
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const auto dead_letters = spec.folder / (sinks[i].name + ".dead.jsonl");
    loops_.push_back(std::make_unique<SinkLoop>(log_, i, std::move(sinks[i]), dead_letters, log));
  }
  threads_.emplace_back([this](const std::stop_token& stop) {
    name_thread("spool");
    log_.store_until(stop);
    thread_ended();
  });
  for (const auto& loop : loops_) {
    threads_.emplace_back([this, &loop = *loop](const std::stop_token& stop) {
      name_thread("sink:" + loop.name());
      loop.run(stop);
      thread_ended();
    });
  }
}

ResultSinks::~ResultSinks() {
  // All at once: each may be in the middle of something.
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ResultSinks::thread_ended() {
  {
    const std::lock_guard lock{mutex_};
    --running_;
  }
  ended_.notify_all();
}

bool ResultSinks::stop(std::chrono::milliseconds patience) {
  log_.close();
  std::unique_lock lock{mutex_};
  return ended_.wait_for(lock, patience, [this] { return running_ == 0; });
}

ResultSinksCounters ResultSinks::counters() const {
  ResultSinksCounters now{.log = log_.counters(), .sinks = {}};
  for (const auto& loop : loops_) now.sinks.push_back(loop->counters());
  return now;
}

}  // namespace bulkhead::worker
