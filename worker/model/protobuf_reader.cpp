#include "worker/model/protobuf_reader.hpp"

namespace bulkhead::worker {

std::optional<ProtobufField> ProtobufReader::next() noexcept {
  if (at_end()) return std::nullopt;
  ProtobufField field;
  const auto tag = varint();
  field.number = tag >> 3;
  field.wire = static_cast<Wire>(tag & 7);
  switch (field.wire) {
    case Wire::Varint:
      field.integer = varint();
      break;
    case Wire::Fixed64:
      field.bytes = take(8);
      break;
    case Wire::Fixed32:
      field.bytes = take(4);
      break;
    case Wire::Sized:
      field.bytes = take(varint());
      break;
    default:
      broken_ = true;
  }
  if (field.number == 0) broken_ = true;
  if (broken_) return std::nullopt;
  return field;
}

std::uint64_t ProtobufReader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(rest_.front());
    rest_ = rest_.subspan(1);
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  broken_ = true;
  return 0;
}

std::span<const std::byte> ProtobufReader::take(std::uint64_t count) noexcept {
  if (broken_ || count > rest_.size()) {
    broken_ = true;
    return {};
  }
  const auto taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

}  // namespace bulkhead::worker
