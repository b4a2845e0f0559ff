// How sinks that are behind read a spool.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/spool.hpp"

namespace bulkhead::worker {

namespace {

// Holds any entry whole, and usually a batch of them.
constexpr std::size_t kReadBytes = kSpoolHeaderBytes + limits::kSinkRecordBytes;

std::size_t bytes_of(const std::vector<SpoolEntry>& entries) {
  std::size_t bytes = 0;
  for (const SpoolEntry& entry : entries) bytes += kSpoolHeaderBytes + entry.record->json.size();
  return bytes;
}

bool is_full(const std::vector<SpoolEntry>& entries) {
  return entries.size() >= limits::kSinkBatchRecords ||
         bytes_of(entries) >= limits::kSinkBatchBytes;
}

}  // namespace

Result<std::vector<SpoolEntry>> Spool::read(std::size_t sink, std::uint64_t from,
                                            std::uint64_t end) {
  Reader& reader = readers_[sink];
  std::vector<SpoolEntry> out;
  for (const SpoolSegment& segment : segments_) {
    if (segment.entries() == 0 || segment.last_index < from) continue;
    if (segment.first_index >= end) break;
    // A batch that is asked for again is found from the beginning.
    if (reader.number != segment.number || from < reader.next_index) {
      reader = {.number = segment.number,
                .offset = 0,
                .fd = UniqueFd{::open(segment_file(spec_.folder, segment.number).c_str(),
                                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW)},
                .next_index = 0,
                .next_sequence = 0};
    }
    const auto more = read_segment(reader, segment, {from, end}, out);
    if (!more) return more.error();
    if (!*more) break;
  }
  return out;
}

/// False once there is nothing more to read for now.
Result<bool> Spool::read_segment(Reader& reader, const SpoolSegment& segment, Wanted wanted,
                                 std::vector<SpoolEntry>& out) {
  while (reader.offset < segment.bytes) {
    buffer_.resize(std::min<std::uint64_t>(kReadBytes, segment.bytes - reader.offset));
    const ssize_t got =
        ::pread(reader.fd.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(reader.offset));
    if (got < 0 && errno != EIO) {  // no descriptor, say: nothing is wrong with what is there
      reader = {};
      return errno_error(ErrorCode::Io, segment_file(spec_.folder, segment.number).string());
    }
    std::span<const char> rest{buffer_.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    bool any = false;
    while (auto decoded = decode_entry(rest)) {
      SpoolEntry& entry = decoded->entry;
      if (entry.index < reader.next_index || entry.index > segment.last_index) break;
      if (is_full(out) || entry.index >= wanted.end) return false;
      any = true;
      rest = rest.subspan(decoded->bytes);
      reader.offset += decoded->bytes;
      reader.next_index = entry.index + 1;
      reader.next_sequence = entry.record->sequence + 1;
      if (entry.index >= wanted.from) out.push_back(std::move(entry));
    }
    if (any) continue;
    out.push_back(skip_damage(reader, segment, wanted.from));
    return false;
  }
  return true;
}

SpoolEntry Spool::skip_damage(Reader& reader, const SpoolSegment& segment, std::uint64_t from) {
  const std::uint64_t first = std::max({reader.next_index, segment.first_index, from});
  const Sequence sequence =
      reader.next_sequence == 0 ? segment.first_sequence : reader.next_sequence;
  reader.offset = segment.bytes;
  reader.next_index = segment.last_index + 1;
  reader.next_sequence = segment.last_sequence + 1;
  ++counters_.damaged_segments;
  return entry_of(segment.last_index, {.generation = segment.generation,
                                       .from = std::min(sequence, segment.last_sequence),
                                       .to = segment.last_sequence,
                                       .count = segment.last_index - first + 1,
                                       .reason = GapReason::Damaged,
                                       .time_ns = wall_ns()});
}

}  // namespace bulkhead::worker
