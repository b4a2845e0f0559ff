#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::worker {

/// How far one sink has come: the index of the next entry that it wants, in a file of its own.
/// Where there is none, or one that is damaged, it begins at the oldest entry there is: sinks take
/// again what they have.
///
/// Written in place, 16 bytes at once and without fdatasync: a kill leaves the old or the new
/// number, and after a power cut an old one costs no more than writing again.
class SinkCursor {
 public:
  [[nodiscard]] static Result<SinkCursor> open(const std::filesystem::path& file);

  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }

  /// Remembers the number in any case; an error says that the file does not.
  Result<> store(std::uint64_t next);

 private:
  SinkCursor(UniqueFd fd, std::uint64_t next) : fd_{std::move(fd)}, next_{next} {}

  UniqueFd fd_;
  std::uint64_t next_ = 0;
};

}  // namespace bulkhead::worker
