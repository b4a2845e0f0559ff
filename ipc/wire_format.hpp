#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::ipc {

/// Appends fields to a message: little-endian, no padding, floats as their IEEE bits. A value
/// owned by one thread for the time of one message. Limits are the caller's to keep: a count past
/// its limit is a bug of ours and asserted.
class WireWriter {
 public:
  /// Clears `out`; its capacity is reused from message to message.
  explicit WireWriter(std::vector<std::byte>& out) noexcept : out_{out} { out_.clear(); }

  void u8(std::uint8_t value) { little_endian(value, 1); }
  void u16(std::uint16_t value) { little_endian(value, 2); }
  void u32(std::uint32_t value) { little_endian(value, 4); }
  void u64(std::uint64_t value) { little_endian(value, 8); }
  void i64(std::int64_t value) { little_endian(static_cast<std::uint64_t>(value), 8); }
  void f32(float value);

  /// A 32-bit byte count and the bytes.
  void text(std::string_view value, std::size_t max_bytes);

  /// A sentence for people: what exceeds `max_bytes` is cut at a character, because a long reason
  /// from a library must not make the message that carries it unreadable.
  void sentence(std::string_view value, std::size_t max_bytes);

  void count(std::size_t items, std::size_t max_items);

 private:
  void little_endian(std::uint64_t value, std::size_t bytes);

  std::vector<std::byte>& out_;
};

/// Reads fields of a private copy of a message from an untrusted peer. The first field that is
/// wrong is remembered; after it every call returns zero or an empty text, so that a decoder needs
/// no branch per field and decides once, in `finish()`. Nothing is ever read past the end and
/// nothing is allocated for a count that the remaining bytes cannot hold.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) noexcept : rest_{bytes} {}

  std::uint8_t u8(std::string_view field) { return narrow<std::uint8_t>(field); }
  std::uint16_t u16(std::string_view field) { return narrow<std::uint16_t>(field); }
  std::uint32_t u32(std::string_view field) { return narrow<std::uint32_t>(field); }
  std::uint64_t u64(std::string_view field) { return little_endian(field, 8); }

  bool flag(std::string_view field);  // 0 or 1

  std::uint32_t u32_between(std::string_view field, std::uint32_t min, std::uint32_t max);

  /// A point of time: negative ones do not exist, so an age `now - t` can never overflow.
  std::int64_t time_ns(std::string_view field);

  /// Refuses NaN and infinities as well.
  float f32_between(std::string_view field, float min, float max);

  /// Made printable (see printable_text): no control character of a peer reaches a log or a JSON
  /// message, whoever uses the value later.
  std::string text(std::string_view field, std::size_t max_bytes);

  /// Refuses a count whose items, `bytes_each` at least, do not fit in what is left.
  std::size_t count(std::string_view field, std::size_t max_items, std::size_t bytes_each);

  /// A number of an enumeration whose values are 0..max without holes.
  template <class Enum>
  Enum enumeration(std::string_view field, Enum max) {
    const std::uint8_t number = u8(field);
    if (number > static_cast<std::uint8_t>(max)) fail(field, "is no known value");
    return static_cast<Enum>(failed() ? 0 : number);
  }

  ErrorCode error_code(std::string_view field);

  /// Reports what the caller found wrong; the first failure is kept.
  void fail(std::string_view field, std::string_view what);

  [[nodiscard]] bool failed() const noexcept { return error_.has_value(); }

  /// The first failure, or one for bytes nobody asked for.
  [[nodiscard]] Result<void> finish();

 private:
  template <class Number>
  Number narrow(std::string_view field) {
    return static_cast<Number>(little_endian(field, sizeof(Number)));
  }
  std::uint64_t little_endian(std::string_view field, std::size_t bytes);

  /// Null where fewer bytes are left.
  const std::byte* take(std::string_view field, std::size_t bytes);

  std::span<const std::byte> rest_;
  std::optional<Error> error_;
};

}  // namespace bulkhead::ipc
