#pragma once

#include <cstddef>
#include <span>

namespace bulkhead::fuzz {

// One entry point a target, in the file of its name. libFuzzer calls it with what it makes up, the
// corpus test with what was kept. Each returns where all is well and aborts where something that
// must hold does not.

/// A message of a client: read, and obeyed where that starts no worker.
void try_request(std::span<const std::byte> bytes);

/// What a client sends on a connection. The first byte says what comes before the others: a whole
/// upgrade request (0; 2: with compression), or nothing (1).
void try_websocket(std::span<const std::byte> bytes);

/// A record of a worker.
void try_record(std::span<const std::byte> bytes);

/// For what must hold also where asserts are compiled out.
void require(bool holds, const char* what);

}  // namespace bulkhead::fuzz
