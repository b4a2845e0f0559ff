#include "ipc/shm_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <boost/interprocess/exceptions.hpp>
#include <cassert>
#include <cerrno>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "ipc/layout_version.hpp"
#include "ipc/preview_slot.hpp"
#include "ipc/spsc_ring.hpp"

namespace bulkhead::ipc {

namespace interprocess = boost::interprocess;

namespace {

constexpr std::uint64_t kMagic = 0x424C4B4853454731;  // "BLKHSEG1"
constexpr std::size_t kPageBytes = 4096;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/// First bytes of the segment. The first line is written once, before the segment is shared; its
/// fields up to `layout_version` keep their place in every version, so that any two programs can
/// tell each other's version.
struct alignas(kCacheLineBytes) SegmentHeader {
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint64_t total_bytes;
  // Each on a line of its own: one is hot in the worker, one in the supervisor.
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> command_consumer_sleeping;
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> result_consumer_sleeping;
};
static_assert(sizeof(SegmentHeader) == 3 * kCacheLineBytes);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

constexpr std::array kResultRingBytes{kControlRingBytes, kCriticalRingBytes, kImportantRingBytes,
                                      kBulkRingBytes};
static_assert(kResultRingBytes.size() == kPriorityClasses);

constexpr std::size_t kCommandRingAt = sizeof(SegmentHeader);

constexpr std::size_t ring_region_bytes(std::size_t capacity) {
  return sizeof(SpscRingLayout) + capacity;
}

constexpr std::size_t result_ring_at(std::size_t index) {
  std::size_t at = kCommandRingAt + ring_region_bytes(kCommandRingBytes);
  for (std::size_t i = 0; i < index; ++i) at += ring_region_bytes(kResultRingBytes[i]);
  return at;
}

constexpr std::size_t kStatusAt = result_ring_at(kPriorityClasses);
constexpr std::size_t kPreviewAt = kStatusAt + sizeof(StatusPage);
constexpr std::size_t kPreviewRegionBytes = sizeof(PreviewSlotLayout) + limits::kPreviewBytes;
constexpr std::size_t kTotalBytes =
    (kPreviewAt + kPreviewRegionBytes + kPageBytes - 1) / kPageBytes * kPageBytes;

static_assert(kCommandRingAt % kCacheLineBytes == 0);
static_assert(result_ring_at(0) % kCacheLineBytes == 0);
static_assert(kStatusAt % kCacheLineBytes == 0);
static_assert(kPreviewAt % kCacheLineBytes == 0);
// The largest record finds room in every ring that may carry it.
static_assert(ring_footprint(limits::kRecordBytes) <= kCriticalRingBytes);
static_assert(ring_footprint(limits::kRecordBytes) <= kBulkRingBytes);

/// What mapped_region asks of a thing it can map; see Boost's MemoryMappable concept.
class MappableFd {
 public:
  explicit MappableFd(int fd) noexcept : fd_{fd} {}
  [[nodiscard]] interprocess::mapping_handle_t get_mapping_handle() const noexcept {
    return interprocess::ipcdetail::mapping_handle_from_file_handle(fd_);
  }
  [[nodiscard]] static interprocess::mode_t get_mode() noexcept { return interprocess::read_write; }

 private:
  int fd_;
};

std::string segment_needs() {
  return "A segment needs " + std::to_string(kTotalBytes) + " bytes of memory";
}

Result<interprocess::mapped_region> map(int fd) {
  try {
    return interprocess::mapped_region{MappableFd{fd}, interprocess::read_write, 0, kTotalBytes};
  } catch (const interprocess::interprocess_exception& exception) {
    return Error{.code = ErrorCode::LimitReached,
                 .message = segment_needs() + ", which cannot be mapped: " + exception.what(),
                 .field = {}};
  }
}

Result<void> reserve_and_seal(int fd) {
  if (::ftruncate(fd, static_cast<off_t>(kTotalBytes)) != 0) {
    return errno_error(ErrorCode::LimitReached, segment_needs());
  }
  // Every page is taken now: a page that cannot be had later would be a SIGBUS in the middle of a
  // write, in either process.
  int reserved = 0;
  do {
    reserved = ::fallocate(fd, 0, 0, static_cast<off_t>(kTotalBytes));
  } while (reserved != 0 && errno == EINTR);
  if (reserved != 0) return errno_error(ErrorCode::LimitReached, segment_needs());
  if (::fcntl(fd, F_ADD_SEALS, kSeals) != 0) {
    return errno_error(ErrorCode::Io, "Cannot seal a segment");
  }
  return {};
}

Error corrupt(std::string message) {
  return Error{.code = ErrorCode::Corrupt, .message = std::move(message), .field = {}};
}

/// Read with pread, before anything is mapped: a descriptor that is no segment must not be able to
/// fault us.
Result<> check_header(int fd) {
  struct FirstLine {
    std::uint64_t magic;
    std::uint32_t layout_version;
    std::uint64_t total_bytes;
  } header{};
  static_assert(sizeof header == 24);
  ssize_t got = 0;
  do {
    got = ::pread(fd, &header, sizeof header, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno_error(ErrorCode::Corrupt, "Cannot read the segment's header");
  if (static_cast<std::size_t>(got) != sizeof header || header.magic != kMagic) {
    return corrupt("This descriptor is no segment of Bulkhead.");
  }
  if (header.layout_version != kLayoutVersion) {
    return Error{.code = ErrorCode::VersionMismatch,
                 .message = "The segment has layout " + std::to_string(header.layout_version) +
                            ", this program has " + std::to_string(kLayoutVersion) +
                            ". Install both programs from one build.",
                 .field = {}};
  }
  if (header.total_bytes != kTotalBytes) return corrupt("The segment states a wrong size.");
  return {};
}

}  // namespace

ShmSegment::ShmSegment(UniqueFd fd, interprocess::mapped_region region) noexcept
    : fd_{std::move(fd)}, region_{std::move(region)} {}

Result<ShmSegment> ShmSegment::create() {
  // The name is only a label in /proc/PID/fd; nothing can be opened by it.
  UniqueFd fd{::memfd_create("bulkhead-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!fd) return errno_error(ErrorCode::LimitReached, "Cannot create a segment");
  if (auto reserved = reserve_and_seal(fd.get()); !reserved) return reserved.error();
  auto region = map(fd.get());
  if (!region) return region.error();
  // Zero bytes are a valid empty segment; only the header needs values.
  auto* header = ::new (region->get_address()) SegmentHeader{};
  header->magic = kMagic;
  header->layout_version = kLayoutVersion;
  header->total_bytes = kTotalBytes;
  return ShmSegment{std::move(fd), std::move(*region)};
}

Result<ShmSegment> ShmSegment::attach(UniqueFd fd) {
  if (const auto checked = check_header(fd.get()); !checked) return checked.error();
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(ErrorCode::Corrupt, "No segment");
  if (status.st_size != static_cast<off_t>(kTotalBytes)) {
    return corrupt("The segment has " + std::to_string(status.st_size) + " bytes, not " +
                   std::to_string(kTotalBytes) + '.');
  }
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return corrupt("The segment is not sealed against a change of its size.");
  }
  auto region = map(fd.get());
  if (!region) return region.error();
  return ShmSegment{std::move(fd), std::move(*region)};
}

std::size_t ShmSegment::total_bytes() noexcept { return kTotalBytes; }

std::span<std::byte> ShmSegment::part(std::size_t offset, std::size_t bytes) const noexcept {
  assert(offset + bytes <= region_.get_size());
  return {static_cast<std::byte*>(region_.get_address()) + offset, bytes};
}

std::span<std::byte> ShmSegment::command_ring() const noexcept {
  return part(kCommandRingAt, ring_region_bytes(kCommandRingBytes));
}

std::span<std::byte> ShmSegment::result_ring(PriorityClass c) const noexcept {
  const std::size_t index = index_of(c);
  return part(result_ring_at(index), ring_region_bytes(kResultRingBytes[index]));
}

std::span<std::byte> ShmSegment::preview_slot() const noexcept {
  return part(kPreviewAt, kPreviewRegionBytes);
}

StatusPage& ShmSegment::status() const noexcept {
  return *reinterpret_cast<StatusPage*>(part(kStatusAt, sizeof(StatusPage)).data());
}

std::atomic<std::uint32_t>& ShmSegment::command_consumer_sleeping() const noexcept {
  return static_cast<SegmentHeader*>(region_.get_address())->command_consumer_sleeping;
}

std::atomic<std::uint32_t>& ShmSegment::result_consumer_sleeping() const noexcept {
  return static_cast<SegmentHeader*>(region_.get_address())->result_consumer_sleeping;
}

}  // namespace bulkhead::ipc
