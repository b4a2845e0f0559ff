#include "supervisor/upgrade/sealed_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "supervisor/upgrade/upgrade_limits.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

Error too_much(std::uint64_t bytes) {
  return {ErrorCode::LimitReached,
          std::to_string(bytes) + " bytes are to be handed over; at most " +
              std::to_string(kInheritanceBytes) + " can be",
          {}};
}

}  // namespace

Result<UniqueFd> seal(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kInheritanceBytes) return too_much(bytes.size());
  UniqueFd memory{::memfd_create("bulkhead-upgrade", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!memory) return errno_error(ErrorCode::LimitReached, "no memory to hand over in");
  while (!bytes.empty()) {
    const ssize_t written = ::write(memory.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno_error(ErrorCode::LimitReached, "no memory to hand over in");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) {
    return errno_error(ErrorCode::Io, "cannot seal what is handed over");
  }
  return memory;
}

Result<std::vector<std::uint8_t>> read_sealed(int descriptor) {
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return Error{ErrorCode::Corrupt,
                 "descriptor " + std::to_string(descriptor) + " is no sealed memory",
                 {}};
  }
  struct stat size {};
  if (::fstat(descriptor, &size) != 0) {
    return errno_error(ErrorCode::Corrupt, "cannot read what is handed over");
  }
  const auto total = static_cast<std::uint64_t>(size.st_size);
  if (total > kInheritanceBytes) return too_much(total);
  std::vector<std::uint8_t> bytes(total);
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got =
        ::pread(descriptor, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return errno_error(ErrorCode::Corrupt, "cannot read what is handed over");
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace bulkhead::supervisor
