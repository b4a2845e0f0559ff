#include "worker/sink/sink_loop.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <random>
#include <span>
#include <utility>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/gap_record.hpp"

namespace bulkhead::worker {

SinkTotals totals_of(const std::vector<SinkCounters>& sinks) noexcept {
  SinkTotals totals;
  for (const SinkCounters& sink : sinks) {
    totals.written += sink.written_total;
    totals.retries += sink.retried_total;
    totals.dead_letters += sink.dead_letters_total;
    totals.gaps += sink.gaps_total;
    totals.backlog_records = std::max<std::uint64_t>(totals.backlog_records, sink.backlog.records);
    if (sink.breaker != BreakerState::Closed) ++totals.failing;
  }
  return totals;
}

SinkLoop::SinkLoop(ResultLog& log, std::size_t index, NamedSink sink,
                   std::filesystem::path dead_letters, std::shared_ptr<spdlog::logger> logger)
    : results_{log},
      index_{index},
      name_{std::move(sink.name)},
      sink_{std::move(sink.sink)},
      dead_letters_{std::move(dead_letters), log.session()},
      log_{std::move(logger)},
      breaker_{std::random_device{}()} {
  counters_.name = name_;
  counters_.kind = sink_->kind();
}

void SinkLoop::run(const std::stop_token& stop) {
  bool go_on = true;
  while (go_on && !stop.stop_requested()) {
    if (done_ == batch_.size()) {
      take_next(stop);
      if (batch_.empty()) {
        go_on = !results_.all_taken(index_);
        continue;
      }
    }
    replace_expired();
    const std::size_t admitted = std::min(breaker_.admit(), batch_.size() - done_);
    const std::size_t records = one_by_one_ ? 1 : admitted;
    switch (attempt(records)) {
      case Outcome::Delivered:
        delivered(records);
        go_on = after_delivery(stop);
        break;
      case Outcome::Failed:
        go_on = after_failure(breaker_.failed(), stop);
        break;
      case Outcome::Refused:
        go_on = records == 1 ? after_refusal(stop) : true;
        one_by_one_ = true;
        break;
    }
  }
}

void SinkLoop::take_next(const std::stop_token& stop) {
  batch_.clear();
  indexes_.clear();
  done_ = 0;
  one_by_one_ = false;
  for (const SpoolEntry& entry : results_.next_batch(index_, stop)) {
    batch_.push_back(*entry.record);
    indexes_.push_back(entry.index);
  }
}

void SinkLoop::replace_expired() {
  const std::int64_t now_ns = wall_ns();
  const auto is_expired = [&](const SinkRecord& record) {
    return record.expires_ns != 0 && record.expires_ns <= now_ns;
  };
  if (std::none_of(batch_.begin() + static_cast<std::ptrdiff_t>(done_), batch_.end(), is_expired)) {
    return;
  }
  std::vector<SinkRecord> left;
  std::vector<std::uint64_t> left_indexes;
  Loss loss;
  std::uint64_t expired = 0;
  const auto tell = [&] {
    if (loss.count > 0) left.push_back(gap_record(results_.session(), loss));
    loss = {};
  };
  for (std::size_t i = done_; i < batch_.size(); ++i) {
    if (!is_expired(batch_[i])) {
      tell();
      left.push_back(std::move(batch_[i]));
      left_indexes.push_back(indexes_[i]);
      continue;
    }
    const Loss one = loss_of(batch_[i], GapReason::Expired);
    if (!loss.joins(one)) tell();
    if (loss.count > 0) left_indexes.pop_back();
    loss.add(one);
    left_indexes.push_back(indexes_[i]);
    ++expired;
  }
  tell();
  batch_ = std::move(left);
  indexes_ = std::move(left_indexes);
  done_ = 0;
  refusals_ = 0;
  const std::lock_guard lock{mutex_};
  counters_.expired_total += expired;
}

SinkLoop::Outcome SinkLoop::attempt(std::size_t records) {
  if (!open_) {
    if (auto opened = sink_->open(); !opened) {
      fail(opened.error());
      return Outcome::Failed;
    }
    open_ = true;
  }
  const std::int64_t begin_ns = monotonic_ns();
  const auto written = sink_->write(std::span{batch_}.subspan(done_, records));
  took_ = std::chrono::nanoseconds{monotonic_ns() - begin_ns};
  if (written) return Outcome::Delivered;
  if (persistence_of(written.error().code) == Persistence::Permanent) {
    error_ = written.error();
    return Outcome::Refused;
  }
  open_ = false;
  fail(written.error());
  return Outcome::Failed;
}

void SinkLoop::fail(const Error& error) {
  error_ = error;
  const std::lock_guard lock{mutex_};
  if (counters_.last_error.empty()) {
    log_->warn("sink failing sink={} code={} text={}", name_, name_of(error.code),
               log_value(error.message));
  }
  counters_.last_error = error.message.empty() ? std::string{name_of(error.code)} : error.message;
  ++counters_.retried_total;
}

void SinkLoop::delivered(std::size_t records) {
  const auto first = batch_.begin() + static_cast<std::ptrdiff_t>(done_);
  const auto gaps =
      std::count_if(first, first + static_cast<std::ptrdiff_t>(records),
                    [](const SinkRecord& record) { return record.kind == RecordKind::Gap; });
  done_ += records;
  results_.commit(index_, indexes_[done_ - 1]);
  refusals_ = 0;
  in_a_row_ = 0;
  breaker_.succeeded();
  const std::lock_guard lock{mutex_};
  if (!counters_.last_error.empty()) log_->info("sink works again sink={}", name_);
  counters_.last_error.clear();
  counters_.written_total += records;
  counters_.gaps_total += static_cast<std::uint64_t>(gaps);
  counters_.breaker = breaker_.state();
}

bool SinkLoop::after_delivery(const std::stop_token& stop) {
  const auto pause = pace_.pause_after(took_, results_.backlog(index_).records);
  if (pause == std::chrono::nanoseconds{0}) return true;
  // An end that comes meanwhile is no reason to leave: what is there goes out then, unpaced.
  results_.pause(std::chrono::ceil<std::chrono::milliseconds>(pause), stop);
  return true;
}

/// False when there will be no other attempt.
bool SinkLoop::after_failure(std::chrono::milliseconds delay, const std::stop_token& stop) {
  {
    const std::lock_guard lock{mutex_};
    counters_.breaker = breaker_.state();
  }
  return results_.pause(delay, stop);
}

bool SinkLoop::after_refusal(const std::stop_token& stop) {
  if (++refusals_ < limits::kPoisonTries) {
    results_.pause(limits::kPoisonPause, stop);
    return true;
  }
  return bury(stop);
}

bool SinkLoop::bury(const std::stop_token& stop) {
  const SinkRecord& record = batch_[done_];
  log_->warn("sink refuses record sink={} generation={} sequence={} text={}", name_,
             record.generation, record.sequence, log_value(error_.message));
  if (const auto kept = dead_letters_.add(record, error_.message); !kept) {
    log_->error("dead letter lost sink={} text={}", name_, log_value(kept.error().message));
  }
  results_.commit(index_, indexes_[done_]);
  ++done_;
  refusals_ = 0;
  {
    const std::lock_guard lock{mutex_};
    ++counters_.dead_letters_total;
  }
  if (++in_a_row_ < limits::kPoisonInARow) return true;
  fail(error_);
  return after_failure(breaker_.trip(), stop);
}

SinkCounters SinkLoop::counters() const {
  SinkCounters now;
  {
    const std::lock_guard lock{mutex_};
    now = counters_;
  }
  now.backlog = results_.backlog(index_);
  return now;
}

}  // namespace bulkhead::worker
