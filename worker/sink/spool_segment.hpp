#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "worker/sink/gap_record.hpp"
#include "worker/sink/spool_entry.hpp"

namespace bulkhead::worker {

/// What the spool knows of one of its files. Entries lie in it in the order of their index.
struct SpoolSegment {
  std::uint64_t number = 0;  // its file's name
  std::uint64_t bytes = 0;   // of good entries, from the beginning
  std::uint64_t first_index = 0;
  std::uint64_t last_index = 0;
  Generation generation = 0;  // of the last entry
  Sequence first_sequence = 0;
  Sequence last_sequence = 0;
  std::uint32_t gaps = 0;                                      // entries of kind Gap,
  std::array<std::uint32_t, ipc::kPriorityClasses> records{};  // and all others

  void count(const SpoolEntry& entry, std::size_t entry_bytes) noexcept;
  [[nodiscard]] std::uint64_t entries() const noexcept;
  /// What it counts for against the cap.
  [[nodiscard]] std::uint64_t held_bytes() const noexcept;
};

/// One file as it was found.
struct ScannedSegment {
  SpoolSegment segment;
  std::vector<SpoolEntry> entries;
  std::uint64_t tail_bytes = 0;  // after the last good entry: torn, damaged or foreign
};

[[nodiscard]] std::filesystem::path segment_file(const std::filesystem::path& folder,
                                                 std::uint64_t number);

/// The number in a file's name; 0 where it is no segment.
[[nodiscard]] std::uint64_t segment_number(const std::filesystem::path& file);

/// Reads the entries of one file up to the first that is not good. LimitReached where it is the
/// process that cannot open it, Io where it is the file. Entries whose index is not above
/// `after_index` are left out: the file before has them, too.
[[nodiscard]] Result<ScannedSegment> scan_segment(const std::filesystem::path& folder,
                                                  std::uint64_t number, std::uint64_t after_index);

/// Puts a file of these entries, which are not empty, in the place of the segment, whole or not at
/// all.
[[nodiscard]] Result<SpoolSegment> replace_segment(const std::filesystem::path& folder,
                                                   std::uint64_t number,
                                                   std::span<const SpoolEntry> entries);

/// All of `bytes` at `offset`; short where the disk is full.
[[nodiscard]] Result<> write_at(int fd, std::string_view bytes, std::uint64_t offset);

/// What falls off first, and for whom.
struct Thinning {
  ipc::PriorityClass drop = ipc::PriorityClass::Bulk;  // this class and those below it
  std::span<const std::uint64_t> cursors;              // of the sinks: the next that each wants
  std::string_view session;
};

/// What is left of `entries`: what every sink has is gone silently, what is dropped is told by gaps
/// in its place. A sink that has part of it is told only of the rest. Dropping CONTROL leaves
/// nothing but gaps, one for each generation and stretch between two cursors.
[[nodiscard]] std::vector<SpoolEntry> thin(std::span<const SpoolEntry> entries,
                                           const Thinning& thinning);

}  // namespace bulkhead::worker
