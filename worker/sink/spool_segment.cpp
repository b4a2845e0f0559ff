#include "worker/sink/spool_segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kNumberDigits = 16;
constexpr std::uint64_t kLargestName = 1'000'000'000'000'000;  // leaves room to count on

// An honest segment ends with the record that fills it, and gaps may be put before it. What lies
// beyond is not read.
constexpr std::size_t kLargestFile = 2 * limits::kSpoolSegmentBytes;
static_assert(kLargestFile > limits::kSpoolSegmentBytes + limits::kSinkRecordBytes);

Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t& file_bytes) {
  const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    const bool short_of_descriptors = errno == EMFILE || errno == ENFILE;
    return errno_error(short_of_descriptors ? ErrorCode::LimitReached : ErrorCode::Io,
                       file.string());
  }
  file_bytes = static_cast<std::uint64_t>(status.st_size);
  std::string bytes(std::min<std::uint64_t>(file_bytes, kLargestFile), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t n =
        ::pread(fd.get(), bytes.data() + got, bytes.size() - got, static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // a bad sector: what comes before it is good
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

/// Losses that follow each other, until they become one gap.
class Run {
 public:
  Run(const Thinning& thinning, std::vector<SpoolEntry>& out) : thinning_{thinning}, out_{out} {}

  void add(const Loss& loss, std::uint64_t index) {
    if (!loss_.joins(loss) || crosses_a_cursor(index)) end();
    loss_.add(loss);
    last_index_ = index;
  }

  void end() {
    if (loss_.count == 0) return;
    out_.push_back(
        {last_index_, std::make_shared<const SinkRecord>(gap_record(thinning_.session, loss_))});
    loss_ = {};
  }

 private:
  [[nodiscard]] bool crosses_a_cursor(std::uint64_t index) const {
    return std::any_of(
        thinning_.cursors.begin(), thinning_.cursors.end(),
        [&](std::uint64_t cursor) { return last_index_ < cursor && cursor <= index; });
  }

  const Thinning& thinning_;
  std::vector<SpoolEntry>& out_;
  Loss loss_;
  std::uint64_t last_index_ = 0;
};

/// What dropping the entry loses; nothing where it stays.
std::optional<Loss> dropped(const SinkRecord& record, ipc::PriorityClass drop) {
  const bool all = drop == ipc::PriorityClass::Control;
  if (record.kind != RecordKind::Gap) {
    if (index_of(record.priority) < index_of(drop)) return {};
    return loss_of(record, GapReason::SpoolFull);
  }
  auto gap = read_gap(record);
  if (!gap && all) return loss_of(record, GapReason::SpoolFull);
  if (!gap || (!all && gap->reason != GapReason::SpoolFull)) return {};
  gap->reason = GapReason::SpoolFull;
  return gap;
}

}  // namespace

void SpoolSegment::count(const SpoolEntry& entry, std::size_t entry_bytes) noexcept {
  const SinkRecord& record = *entry.record;
  if (entries() == 0) {
    first_index = entry.index;
    first_sequence = record.sequence;
  }
  last_index = entry.index;
  last_sequence = record.sequence;
  generation = record.generation;
  bytes += entry_bytes;
  ++(record.kind == RecordKind::Gap ? gaps : records[index_of(record.priority)]);
}

std::uint64_t SpoolSegment::entries() const noexcept {
  return std::accumulate(records.begin(), records.end(), std::uint64_t{gaps});
}

std::uint64_t SpoolSegment::held_bytes() const noexcept {
  return std::max<std::uint64_t>(bytes, limits::kSpoolSegmentFloor);
}

std::filesystem::path segment_file(const std::filesystem::path& folder, std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, kNumberDigits - std::min(kNumberDigits, digits.size()), '0');
  return folder / (digits += kSuffix);
}

std::uint64_t segment_number(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  if (name.size() != kNumberDigits + kSuffix.size() || !name.ends_with(kSuffix)) return 0;
  std::uint64_t number = 0;
  const char* const end = name.data() + kNumberDigits;
  const auto [parsed, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && parsed == end && number <= kLargestName ? number : 0;
}

Result<ScannedSegment> scan_segment(const std::filesystem::path& folder, std::uint64_t number,
                                    std::uint64_t after_index) {
  std::uint64_t file_bytes = 0;
  const auto bytes = read_file(segment_file(folder, number), file_bytes);
  if (!bytes) return bytes.error();
  ScannedSegment scanned;
  scanned.segment.number = number;
  std::span<const char> rest{*bytes};
  std::uint64_t previous = 0;
  std::uint64_t skipped_bytes = 0;
  while (auto decoded = decode_entry(rest)) {
    if (decoded->entry.index <= previous) break;
    previous = decoded->entry.index;
    rest = rest.subspan(decoded->bytes);
    if (previous <= after_index) {
      skipped_bytes += decoded->bytes;
      continue;
    }
    scanned.segment.count(decoded->entry, decoded->bytes);
    scanned.entries.push_back(std::move(decoded->entry));
  }
  scanned.segment.bytes += skipped_bytes;
  scanned.tail_bytes = file_bytes - scanned.segment.bytes;
  return scanned;
}

Result<> write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(ErrorCode::Io, "write");
    if (n == 0) return Error{ErrorCode::Io, "the disk takes nothing", {}};
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<SpoolSegment> replace_segment(const std::filesystem::path& folder, std::uint64_t number,
                                     std::span<const SpoolEntry> entries) {
  assert(!entries.empty());
  SpoolSegment segment;
  segment.number = number;
  std::string bytes;
  for (const SpoolEntry& entry : entries) {
    const std::size_t before = bytes.size();
    encode_entry(entry, bytes);
    segment.count(entry, bytes.size() - before);
  }
  const auto file = segment_file(folder, number);
  auto temporary = file;
  temporary += ".tmp";
  const UniqueFd fd{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!fd) return errno_error(ErrorCode::Io, temporary.string());
  auto written = write_at(fd.get(), bytes, 0);
  // Its content must be on the disk before its name is, or a power cut leaves an empty file.
  if (written &&
      (::fdatasync(fd.get()) != 0 || std::rename(temporary.c_str(), file.c_str()) != 0)) {
    written = errno_error(ErrorCode::Io, temporary.string());
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written.error();
  }
  return segment;
}

std::vector<SpoolEntry> thin(std::span<const SpoolEntry> entries, const Thinning& thinning) {
  const auto slowest = std::min_element(thinning.cursors.begin(), thinning.cursors.end());
  std::vector<SpoolEntry> kept;
  if (slowest == thinning.cursors.end()) return kept;
  Run run{thinning, kept};
  for (const SpoolEntry& entry : entries) {
    if (entry.index < *slowest) continue;
    if (const auto loss = dropped(*entry.record, thinning.drop)) {
      run.add(*loss, entry.index);
    } else {
      kept.push_back(entry);
    }
  }
  run.end();
  // A gap stands where its last record stood, and what is kept may have stood between them.
  std::sort(kept.begin(), kept.end(),
            [](const SpoolEntry& a, const SpoolEntry& b) { return a.index < b.index; });
  return kept;
}

}  // namespace bulkhead::worker
