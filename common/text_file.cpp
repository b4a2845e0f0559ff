#include "common/text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/unique_fd.hpp"

namespace bulkhead {

Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    const ErrorCode code =
        errno == ENOENT || errno == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io;
    return errno_error(code, "cannot read " + file.string());
  }
  // One byte beyond the limit tells a file at the limit from one past it.
  std::string text(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(ErrorCode::Io, "cannot read " + file.string());
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) {
    return Error{ErrorCode::LimitReached,
                 file.string() + " holds more than " + std::to_string(max_bytes) + " bytes",
                 {}};
  }
  text.resize(size);
  return text;
}

}  // namespace bulkhead
