#include <vector>

#include "ipc/command.hpp"
#include "ipc/record.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace bulkhead::fuzz {

void try_record(std::span<const std::byte> bytes) {
  // The other direction is read from the supervisor, but by code that is no better.
  if (const auto command = ipc::decode_command(bytes)) {
    std::vector<std::byte> again;
    ipc::encode(*command, again);
    require(ipc::decode_command(again).has_value(), "a command that was read can be read again");
  }
  const auto record = ipc::decode_record(bytes);
  if (!record) return require(!record.error().message.empty(), "a refused record has its sentence");
  std::vector<std::byte> first;
  ipc::encode(*record, first);
  const auto again = ipc::decode_record(first);
  require(again.has_value(), "a record that was read can be read again");
  std::vector<std::byte> second;
  ipc::encode(*again, second);
  require(first == second, "and is then the same");
}

}  // namespace bulkhead::fuzz
