#include "worker/sink/sink_cursor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/endian/arithmetic.hpp>
#include <cstring>
#include <string_view>

#include "worker/sink/spool_entry.hpp"
#include "worker/sink/spool_segment.hpp"

namespace bulkhead::worker {

namespace {

struct CursorFile {
  boost::endian::little_uint32_t magic;
  boost::endian::little_uint32_t crc;  // of `next`
  boost::endian::little_uint64_t next;
};
constexpr std::size_t kNumberFrom = 8;
static_assert(sizeof(CursorFile) == kNumberFrom + sizeof(std::uint64_t));

constexpr std::uint32_t kCursorMagic = 0x31434842;          // "BHC1"
constexpr std::uint64_t kLargest = std::uint64_t{1} << 61;  // leaves an index room to count on

using Bytes = std::array<char, sizeof(CursorFile)>;

Bytes bytes_of(std::uint64_t next) {
  CursorFile file;
  file.magic = kCursorMagic;
  file.next = next;
  Bytes bytes;
  std::memcpy(bytes.data(), &file, sizeof(file));
  file.crc = crc32c(std::span{bytes}.subspan(kNumberFrom));
  std::memcpy(bytes.data(), &file, sizeof(file));
  return bytes;
}

std::uint64_t next_in(const Bytes& bytes) {
  CursorFile file;
  std::memcpy(&file, bytes.data(), sizeof(file));
  return file.next <= kLargest && bytes_of(file.next) == bytes ? std::uint64_t{file.next} : 0;
}

}  // namespace

Result<SinkCursor> SinkCursor::open(const std::filesystem::path& file) {
  UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!fd) return errno_error(ErrorCode::Io, file.string());
  Bytes bytes{};
  const ssize_t got = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return errno_error(ErrorCode::Io, file.string());
  const bool whole = static_cast<std::size_t>(got) == bytes.size();
  return SinkCursor{std::move(fd), whole ? next_in(bytes) : 0};
}

Result<> SinkCursor::store(std::uint64_t next) {
  next_ = next;
  const Bytes bytes = bytes_of(next);
  return write_at(fd_.get(), std::string_view{bytes.data(), bytes.size()}, 0);
}

}  // namespace bulkhead::worker
