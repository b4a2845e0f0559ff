#include "supervisor/session/carried_record.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace bulkhead::supervisor {

using nlohmann::json;

json binary_of(const ipc::Record& record) {
  std::vector<std::byte> bytes;
  ipc::encode(record, bytes);
  json::binary_t::container_type octets(bytes.size());
  std::ranges::transform(bytes, octets.begin(), std::to_integer<std::uint8_t>);
  return json::binary(std::move(octets));
}

ipc::Record record_from(const json& binary) {
  auto record = ipc::decode_record(std::as_bytes(std::span{binary.get_binary()}));
  if (!record) throw Unreadable{record.error().message};
  return std::move(*record);
}

}  // namespace bulkhead::supervisor
