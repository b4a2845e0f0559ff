#include "worker/sink/spool.hpp"
#include "common/sink_limits.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCursorSuffix = ".cursor";

Result<UniqueFd> lock_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const auto file = folder / "lock";
  UniqueFd lock{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!lock) return errno_error(ErrorCode::Io, file.string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return errno_error(ErrorCode::Io, file.string());
  return Error{ErrorCode::Unavailable, folder.string() + ": another process has the spool", {}};
}

/// Numbers of the segments there are, in order; what a replacement left half done is removed.
Result<std::vector<std::uint64_t>> segment_numbers(const fs::path& folder, std::size_t most) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  std::vector<fs::path> temporary;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".tmp") temporary.push_back(entry->path());
    if (const auto number = segment_number(entry->path()); number != 0) numbers.push_back(number);
  }
  if (error) return Error{ErrorCode::Io, folder.string() + ": " + error.message(), {}};
  for (const fs::path& file : temporary) ::unlink(file.c_str());
  std::sort(numbers.begin(), numbers.end());
  // No honest spool has as many: the rest is not worth reading.
  const std::size_t surplus = numbers.size() - std::min(numbers.size(), most);
  for (std::size_t i = 0; i < surplus; ++i) ::unlink(segment_file(folder, numbers[i]).c_str());
  numbers.erase(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(surplus));
  return numbers;
}

}  // namespace

Result<Spool> Spool::open(SpoolSpec spec) {
  assert(spec.max_bytes >= 4 * limits::kSpoolSegmentBytes);
  auto lock = lock_folder(spec.folder);
  if (!lock) return lock.error();
  Spool spool{std::move(spec), std::move(*lock)};
  if (const auto opened = spool.open_cursors(); !opened) return opened.error();
  if (const auto scanned = spool.scan(); !scanned) return scanned.error();
  spool.remove_committed();
  return spool;
}

Result<> Spool::open_cursors() {
  std::error_code error;
  std::vector<fs::path> stale;
  for (fs::directory_iterator entry{spec_.folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& file = entry->path();
    const bool known = std::find(spec_.sinks.begin(), spec_.sinks.end(), file.stem().string()) !=
                       spec_.sinks.end();
    if (file.extension() == kCursorSuffix && !known) stale.push_back(file);
  }
  for (const fs::path& file : stale) ::unlink(file.c_str());
  for (const std::string& sink : spec_.sinks) {
    auto cursor = SinkCursor::open(spec_.folder / (sink + std::string{kCursorSuffix}));
    if (!cursor) return cursor.error();
    // A cursor may be past the end of what a power cut left: its sink must not miss what is new.
    next_index_ = std::max(next_index_, cursor->next());
    cursors_.push_back(std::move(*cursor));
  }
  readers_.resize(cursors_.size());
  return {};
}

Result<> Spool::scan() {
  const std::size_t most = 2 * spec_.max_bytes / limits::kSpoolSegmentFloor;
  const auto numbers = segment_numbers(spec_.folder, most);
  if (!numbers) return numbers.error();
  std::uint64_t last_index = 0;
  bool damaged = false;
  for (const std::uint64_t number : *numbers) {
    const bool last = number == numbers->back();
    auto found = scan_segment(spec_.folder, number, last_index);
    next_number_ = number + 1;
    if (!found && found.error().code == ErrorCode::LimitReached) return found.error();
    if (!found) {
      ++counters_.damaged_segments;
      damaged = true;
      continue;
    }
    if (found->tail_bytes > 0) {
      if (last) counters_.torn_bytes += found->tail_bytes;
      if (!last) ++counters_.damaged_segments;
      if (const auto cut = cut_tail(*found); !cut) return cut.error();
    }
    if (found->entries.empty()) {
      ::unlink(segment_file(spec_.folder, number).c_str());
    } else {
      if (damaged) {
        if (const auto told = tell_damage_before(*found); !told) return told.error();
      }
      damaged = false;
      segments_.push_back(found->segment);
      last_index = found->segment.last_index;
    }
    damaged = damaged || (found->tail_bytes > 0 && !last);
  }
  next_index_ = std::max(next_index_, last_index + 1);
  return {};
}

Result<> Spool::cut_tail(const ScannedSegment& found) {
  const auto file = segment_file(spec_.folder, found.segment.number);
  if (::truncate(file.c_str(), static_cast<off_t>(found.segment.bytes)) == 0) return {};
  return errno_error(ErrorCode::Io, file.string());
}

std::uint64_t Spool::slowest() const {
  std::uint64_t least = next_index_;
  for (const SinkCursor& cursor : cursors_) least = std::min(least, cursor.next());
  return least;
}

std::vector<std::uint64_t> Spool::all_cursors() const {
  std::vector<std::uint64_t> all;
  for (const SinkCursor& cursor : cursors_) all.push_back(cursor.next());
  return all;
}

std::uint64_t Spool::held_bytes() const {
  std::uint64_t held = 0;
  for (const SpoolSegment& segment : segments_) held += segment.held_bytes();
  return held;
}

Result<> Spool::append(const SpoolEntry& entry) {
  assert(entry.index >= next_index_);
  if (!active_ || segments_.back().bytes >= limits::kSpoolSegmentBytes) {
    if (const auto begun = begin_segment(); !begun) return begun.error();
  }
  buffer_.clear();
  encode_entry(entry, buffer_);
  SpoolSegment& segment = segments_.back();
  if (const auto written = write_at(active_->get(), buffer_, segment.bytes); !written) {
    // Where this fails as well, the next entry overwrites what came of it, or the next open cuts
    // it.
    [[maybe_unused]] const int ignored =
        ::ftruncate(active_->get(), static_cast<off_t>(segment.bytes));
    return written.error();
  }
  segment.count(entry, buffer_.size());
  next_index_ = entry.index + 1;
  unsynced_ = true;
  return {};
}

Result<> Spool::begin_segment() {
  // The one before is whole on the disk before there is another: only the last can be torn.
  if (active_ && unsynced_ && ::fdatasync(active_->get()) != 0) {
    return errno_error(ErrorCode::Io, spec_.folder.string());
  }
  if (active_ && segments_.back().bytes == 0) remove_segment(segments_.size() - 1);
  active_.reset();
  unsynced_ = false;
  enforce_cap();
  const auto file = segment_file(spec_.folder, next_number_);
  UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!fd) return errno_error(ErrorCode::Io, file.string());
  const UniqueFd folder{::open(spec_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder) ::fsync(folder.get());
  active_ = std::make_shared<const UniqueFd>(std::move(fd));
  SpoolSegment segment;
  segment.number = next_number_++;
  segments_.push_back(segment);
  return {};
}

std::shared_ptr<const UniqueFd> Spool::unsynced() noexcept {
  return std::exchange(unsynced_, false) ? active_ : nullptr;
}

void Spool::commit(std::size_t sink, std::uint64_t next) {
  if (next <= cursors_[sink].next()) return;
  if (!cursors_[sink].store(next)) ++counters_.cursor_failures;
  remove_committed();
}

void Spool::remove_committed() {
  const std::uint64_t wanted = slowest();
  while (segments_.size() > (active_ ? 1U : 0U) && segments_.front().last_index < wanted) {
    remove_segment(0);
  }
}

void Spool::remove_segment(std::size_t position) {
  ::unlink(segment_file(spec_.folder, segments_[position].number).c_str());
  segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(position));
}

Backlog Spool::backlog(std::size_t sink) const {
  Backlog backlog;
  const std::uint64_t next = cursors_[sink].next();
  for (const SpoolSegment& segment : segments_) {
    const std::uint64_t entries = segment.entries();
    if (entries == 0 || segment.last_index < next) continue;
    // Exact but where part of the segment has fallen off.
    const std::uint64_t left =
        next <= segment.first_index ? entries : std::min(entries, segment.last_index - next + 1);
    backlog.records += left;
    backlog.bytes += segment.bytes / entries * left;
  }
  return backlog;
}

SpoolCounters Spool::counters() const {
  SpoolCounters now = counters_;
  now.segments = segments_.size();
  now.bytes = held_bytes();
  return now;
}

}  // namespace bulkhead::worker
