#include "ipc/wire_format.hpp"

#include <bit>
#include <cassert>
#include <cmath>

#include "common/redaction.hpp"

namespace bulkhead::ipc {

namespace {

/// Longest start of `text` that fits and does not split a UTF-8 character.
std::string_view cut_at_character(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

void WireWriter::little_endian(std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
}

void WireWriter::f32(float value) { u32(std::bit_cast<std::uint32_t>(value)); }

void WireWriter::text(std::string_view value, std::size_t max_bytes) {
  count(value.size(), max_bytes);
  const auto bytes = std::as_bytes(std::span{value});
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void WireWriter::sentence(std::string_view value, std::size_t max_bytes) {
  text(cut_at_character(value, max_bytes), max_bytes);
}

void WireWriter::count(std::size_t items, [[maybe_unused]] std::size_t max_items) {
  assert(items <= max_items);
  u32(static_cast<std::uint32_t>(items));
}

const std::byte* WireReader::take(std::string_view field, std::size_t bytes) {
  if (failed()) return nullptr;
  if (bytes > rest_.size()) {
    fail(field, "is cut short");
    return nullptr;
  }
  const std::byte* start = rest_.data();
  rest_ = rest_.subspan(bytes);
  return start;
}

std::uint64_t WireReader::little_endian(std::string_view field, std::size_t bytes) {
  const std::byte* start = take(field, bytes);
  std::uint64_t value = 0;
  if (start == nullptr) return value;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= std::to_integer<std::uint64_t>(start[i]) << (8 * i);
  }
  return value;
}

bool WireReader::flag(std::string_view field) {
  const std::uint8_t value = u8(field);
  if (value > 1) fail(field, "is neither 0 nor 1");
  return value == 1;
}

std::uint32_t WireReader::u32_between(std::string_view field, std::uint32_t min,
                                      std::uint32_t max) {
  const std::uint32_t value = u32(field);
  if (value < min || value > max) fail(field, "is out of range");
  return failed() ? 0 : value;
}

std::int64_t WireReader::time_ns(std::string_view field) {
  const auto value = static_cast<std::int64_t>(u64(field));
  if (value < 0) fail(field, "is negative");
  return failed() ? 0 : value;
}

float WireReader::f32_between(std::string_view field, float min, float max) {
  const auto value = std::bit_cast<float>(u32(field));
  if (!std::isfinite(value) || value < min || value > max) fail(field, "is out of range");
  return failed() ? 0 : value;
}

std::string WireReader::text(std::string_view field, std::size_t max_bytes) {
  const std::size_t size = count(field, max_bytes, 1);
  const std::byte* start = take(field, size);
  if (start == nullptr) return {};
  return printable_text({reinterpret_cast<const char*>(start), size}, max_bytes);
}

std::size_t WireReader::count(std::string_view field, std::size_t max_items,
                              std::size_t bytes_each) {
  const std::size_t items = u32(field);
  if (failed()) return 0;
  if (items > max_items) {
    fail(field, "is past its limit");
  } else if (items * bytes_each > rest_.size()) {
    fail(field, "is cut short");
  }
  return failed() ? 0 : items;
}

ErrorCode WireReader::error_code(std::string_view field) {
  const std::uint16_t number = u16(field);
  const ErrorCode code = error_code_from(number);
  if (static_cast<std::uint16_t>(code) != number) fail(field, "is no known value");
  return failed() ? ErrorCode::None : code;
}

void WireReader::fail(std::string_view field, std::string_view what) {
  if (failed()) return;
  error_ = Error{.code = ErrorCode::Corrupt,
                 .message = std::string{field} + ' ' + std::string{what} + '.',
                 .field = std::string{field}};
}

Result<void> WireReader::finish() {
  if (!rest_.empty()) fail("message", "has bytes after its last field");
  if (error_) return *error_;
  return {};
}

}  // namespace bulkhead::ipc
