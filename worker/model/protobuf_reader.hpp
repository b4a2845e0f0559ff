#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bulkhead::worker {

/// How protobuf writes a value.
enum class Wire : std::uint64_t { Varint = 0, Fixed64 = 1, Sized = 2, Fixed32 = 5 };

/// One field of a protobuf message: its number, and its value as its wire type has it. Its bytes
/// are those of the message that was read.
struct ProtobufField {
  std::uint64_t number = 0;
  Wire wire = Wire::Varint;
  std::uint64_t integer = 0;         // of a varint
  std::span<const std::byte> bytes;  // of all others

  [[nodiscard]] bool is_message(std::uint64_t wanted) const noexcept {
    return number == wanted && wire == Wire::Sized;
  }
  [[nodiscard]] bool is_integer(std::uint64_t wanted) const noexcept {
    return number == wanted && wire == Wire::Varint;
  }
  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Walks the fields of one protobuf message. Bytes are untrusted: every length is checked, and it
/// stops at the first byte that fits no protobuf. A value; the message must outlive it.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::span<const std::byte> message) noexcept : rest_{message} {}

  /// Nothing at the end, or where the message is broken.
  std::optional<ProtobufField> next() noexcept;

  /// A varint that stands by itself, as those of a packed list do; 0 where it is broken.
  std::uint64_t varint() noexcept;

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty() || broken_; }
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  std::span<const std::byte> take(std::uint64_t count) noexcept;

  std::span<const std::byte> rest_;
  bool broken_ = false;
};

/// Calls `visit` with each field of `message`; false where the message is broken.
template <class Visit>
bool each_field(std::span<const std::byte> message, Visit visit) {
  ProtobufReader reader{message};
  while (const auto field = reader.next()) visit(*field);
  return !reader.broken();
}

}  // namespace bulkhead::worker
