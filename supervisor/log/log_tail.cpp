#include "supervisor/log/log_tail.hpp"

#include <utility>

namespace bulkhead::supervisor {

struct LogTail::Reading {
  Reading(std::string file, LogFilter wanted)
      : cursor{std::move(file)}, filter{std::move(wanted)} {}

  LogCursor cursor;
  LogFilter filter;
  bool has_begun = false;
  // Of the last job:
  std::vector<std::string> lines;
  bool is_cut = false;
  bool is_more = false;
};

LogTail::LogTail(std::shared_ptr<LogFolder> folder, LogRequest request, std::function<void()> wake,
                 TailQueue::Limits limits)
    : folder_{std::move(folder)},
      request_{std::move(request)},
      wake_{std::move(wake)},
      queue_{limits},
      reading_{
          std::make_shared<Reading>((folder_->path() / request_.name).string(), request_.filter)} {}

Result<std::shared_ptr<LogTail>> LogTail::start(const std::shared_ptr<LogFolder>& folder,
                                                LogRequest request, std::function<void()> wake,
                                                TailQueue::Limits limits) {
  std::shared_ptr<LogTail> tail{new LogTail{folder, std::move(request), std::move(wake), limits}};
  std::function<void()> changed;
  if (tail->request_.follow) {
    changed = [weak = std::weak_ptr{tail}] {
      if (const auto self = weak.lock()) self->on_changed();
    };
  }
  auto place = folder->admit(tail->request_.name, tail->request_.reader, std::move(changed));
  if (!place) return place.error();
  tail->place_.emplace(*std::move(place));
  tail->read();
  return tail;
}

void LogTail::read() {
  is_reading_ = true;
  is_changed_ = false;
  const auto job = [reading = reading_, lines = request_.lines, follow = request_.follow] {
    if (!std::exchange(reading->has_begun, true)) {
      LastLines last = reading->cursor.last_lines(reading->filter, lines, follow);
      reading->lines = std::move(last.lines);
      reading->is_cut = last.is_cut;
      reading->is_more = follow && reading->cursor.state() == LogFileState::There;
      return;
    }
    LogCursor::Step step = reading->cursor.read_on(reading->filter);
    reading->lines = std::move(step.lines);
    reading->is_cut = false;
    reading->is_more = step.is_more;
  };
  folder_->read(job, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_read();
  });
}

void LogTail::on_read() {
  is_reading_ = false;
  const bool was_empty = empty();
  for (std::string& line : std::exchange(reading_->lines, {})) queue_.push(std::move(line));
  is_cut_ = is_cut_ || reading_->is_cut;
  now_ = reading_->cursor.state();
  is_at_end_ = !request_.follow;
  if (request_.follow && (reading_->is_more || is_changed_)) read();
  if (was_empty && !empty() && wake_) wake_();
}

void LogTail::on_changed() {
  is_changed_ = true;
  if (!is_reading_) read();
}

bool LogTail::empty() const noexcept {
  return queue_.empty() && !is_cut_ && told_ == now_ && (!is_at_end_ || is_end_told_);
}

LogBatch LogTail::take(std::size_t bytes) {
  LogBatch batch;
  batch.lost = queue_.take_lost();
  batch.lines = queue_.take(bytes);
  batch.is_cut = std::exchange(is_cut_, false);
  if (!queue_.empty()) return batch;
  if (std::exchange(told_, now_) != now_) batch.file = now_;
  batch.is_end = is_at_end_;
  is_end_told_ = is_at_end_;
  return batch;
}

}  // namespace bulkhead::supervisor
