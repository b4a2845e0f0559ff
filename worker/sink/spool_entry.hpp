#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// A record and its place in the session's log. Places count up from 1 across generations; the
/// place of a record that was dropped is not used again.
struct SpoolEntry {
  std::uint64_t index = 0;
  std::shared_ptr<const SinkRecord> record;
};

/// Of each entry on disk, before its JSON.
inline constexpr std::size_t kSpoolHeaderBytes = 52;

/// Appends the entry as it lies on disk, version 1: "BHS1", CRC32C of all that follows, then
/// little-endian length of the JSON, kind, priority, 0, generation, index, sequence, time, expiry,
/// and the JSON.
void encode_entry(const SpoolEntry& entry, std::string& out);

struct DecodedEntry {
  SpoolEntry entry;
  std::size_t bytes = 0;  // that it took
};

/// The entry at the beginning of `bytes`; nothing where there is none, or a torn or damaged one.
/// What is read may have been written by anybody: each number is checked.
[[nodiscard]] std::optional<DecodedEntry> decode_entry(std::span<const char> bytes);

[[nodiscard]] std::uint32_t crc32c(std::span<const char> bytes) noexcept;

}  // namespace bulkhead::worker
