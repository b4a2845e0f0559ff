#pragma once

#include <atomic>
#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "ipc/priority_class.hpp"
#include "ipc/status_page.hpp"

namespace bulkhead::ipc {

/// Capacities of one segment's rings in bytes, powers of two. CONTROL is sized for the worst case
/// of one worker: a model card with every label at its limit and 256 answers of full length, more
/// than the commands a supervisor leaves unanswered.
inline constexpr std::size_t kCommandRingBytes = 128 * 1024;
inline constexpr std::size_t kControlRingBytes = 256 * 1024;
inline constexpr std::size_t kCriticalRingBytes = 128 * 1024;
inline constexpr std::size_t kImportantRingBytes = 512 * 1024;
inline constexpr std::size_t kBulkRingBytes = 128 * 1024;

/// The shared memory of one worker: header, command ring, four result rings, status
/// page, preview slot. Created by the supervisor, sealed against any change of size, reserved at
/// creation so that a shortage is an error here and never a SIGBUS later. It has no name; the
/// kernel frees it when the last of both processes has gone. Never used for another worker.
///
/// Mapped through boost::interprocess::mapped_region. Each part is a span for exactly one class
/// that gives it meaning; this class knows offsets only. Movable; the spans stay valid.
class ShmSegment {
 public:
  /// Supervisor side. LimitReached, with the bytes needed, when memory or descriptors are short.
  static Result<ShmSegment> create();

  /// Worker side: checks magic and layout version, then size and seals. VersionMismatch when the
  /// other program was built with another layout, Corrupt when this is no segment at all.
  static Result<ShmSegment> attach(UniqueFd fd);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] static std::size_t total_bytes() noexcept;

  [[nodiscard]] std::span<std::byte> command_ring() const noexcept;
  [[nodiscard]] std::span<std::byte> result_ring(PriorityClass c) const noexcept;
  [[nodiscard]] std::span<std::byte> preview_slot() const noexcept;
  [[nodiscard]] StatusPage& status() const noexcept;
  [[nodiscard]] std::atomic<std::uint32_t>& command_consumer_sleeping() const noexcept;
  [[nodiscard]] std::atomic<std::uint32_t>& result_consumer_sleeping() const noexcept;

 private:
  ShmSegment(UniqueFd fd, boost::interprocess::mapped_region region) noexcept;
  [[nodiscard]] std::span<std::byte> part(std::size_t offset, std::size_t bytes) const noexcept;

  UniqueFd fd_;
  boost::interprocess::mapped_region region_;
};

}  // namespace bulkhead::ipc
