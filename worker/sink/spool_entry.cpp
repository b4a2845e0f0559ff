#include "worker/sink/spool_entry.hpp"

#include <boost/crc.hpp>
#include <boost/endian/arithmetic.hpp>
#include <cassert>
#include <cstring>
#include <type_traits>
#include <utility>

#include "common/sink_limits.hpp"

namespace bulkhead::worker {

namespace {

// Unaligned types of a fixed byte order: the struct is what lies on disk.
struct Header {
  boost::endian::little_uint32_t magic;
  boost::endian::little_uint32_t crc;  // of what follows it, JSON included
  boost::endian::little_uint32_t json_bytes;
  boost::endian::little_uint8_t kind;
  boost::endian::little_uint8_t priority;
  boost::endian::little_uint16_t zero;
  boost::endian::little_uint32_t generation;
  boost::endian::little_uint64_t index;
  boost::endian::little_uint64_t sequence;
  boost::endian::little_int64_t time_ns;
  boost::endian::little_int64_t expires_ns;
};
static_assert(sizeof(Header) == kSpoolHeaderBytes);
static_assert(std::is_trivially_copyable_v<Header>);

constexpr std::uint32_t kMagic = 0x31534842;  // "BHS1"
constexpr std::size_t kCheckedFrom = 2 * sizeof(std::uint32_t);

// Past it a counter could not go on; no honest log comes near.
constexpr std::uint64_t kLargestNumber = std::uint64_t{1} << 62;

bool is_kind(std::uint8_t number) {
  return number >= static_cast<std::uint8_t>(RecordKind::Detection) &&
         number <= static_cast<std::uint8_t>(RecordKind::Gap);
}

bool is_plausible(const Header& header) {
  return header.magic == kMagic && header.json_bytes <= limits::kSinkRecordBytes &&
         is_kind(header.kind) && header.priority < ipc::kPriorityClasses && header.zero == 0 &&
         header.index != 0 && header.index < kLargestNumber && header.sequence < kLargestNumber;
}

}  // namespace

std::uint32_t crc32c(std::span<const char> bytes) noexcept {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

void encode_entry(const SpoolEntry& entry, std::string& out) {
  const SinkRecord& record = *entry.record;
  assert(record.json.size() <= limits::kSinkRecordBytes);
  assert(entry.index != 0);
  Header header{};
  header.magic = kMagic;
  header.json_bytes = static_cast<std::uint32_t>(record.json.size());
  header.kind = static_cast<std::uint8_t>(record.kind);
  header.priority = static_cast<std::uint8_t>(record.priority);
  header.generation = record.generation;
  header.index = entry.index;
  header.sequence = record.sequence;
  header.time_ns = record.time_ns;
  header.expires_ns = record.expires_ns;
  const std::size_t start = out.size();
  out.append(reinterpret_cast<const char*>(&header), sizeof(header));
  out += record.json;
  header.crc = crc32c(std::span{out}.subspan(start + kCheckedFrom));
  std::memcpy(out.data() + start, &header, sizeof(header));
}

std::optional<DecodedEntry> decode_entry(std::span<const char> bytes) {
  Header header;
  if (bytes.size() < sizeof(header)) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (!is_plausible(header)) return {};
  const std::size_t size = sizeof(header) + header.json_bytes;
  if (bytes.size() < size) return {};
  if (crc32c(bytes.subspan(kCheckedFrom, size - kCheckedFrom)) != header.crc) return {};
  const auto json = bytes.subspan(sizeof(header), header.json_bytes);
  SinkRecord record{
      .generation = header.generation,
      .sequence = header.sequence,
      .kind = static_cast<RecordKind>(static_cast<std::uint8_t>(header.kind)),
      .priority = static_cast<ipc::PriorityClass>(static_cast<std::uint8_t>(header.priority)),
      .time_ns = header.time_ns,
      .expires_ns = header.expires_ns,
      .json = {json.begin(), json.end()}};
  return DecodedEntry{{header.index, std::make_shared<const SinkRecord>(std::move(record))}, size};
}

}  // namespace bulkhead::worker
