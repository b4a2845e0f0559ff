#include "supervisor/metrics/process_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

std::optional<std::uint64_t> resident_bytes(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return std::nullopt;
  std::array<char, 128> buffer{};
  const ssize_t length = ::read(file.get(), buffer.data(), buffer.size());
  if (length <= 0) return std::nullopt;

  // "size resident shared …" in pages.
  const std::string_view text{buffer.data(), static_cast<std::size_t>(length)};
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::uint64_t pages = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data() + space + 1, end, pages).ec != std::errc{}) return std::nullopt;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bulkhead::supervisor
