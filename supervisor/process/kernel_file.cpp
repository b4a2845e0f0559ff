#include "supervisor/process/kernel_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

std::optional<std::string> read_kernel_file(const std::filesystem::path& file) {
  const UniqueFd opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened) return std::nullopt;
  std::array<char, 4096> page{};
  const ssize_t length = ::read(opened.get(), page.data(), page.size());
  if (length < 0) return std::nullopt;
  return std::string{page.data(), static_cast<std::size_t>(length)};
}

Result<> write_kernel_file(const std::filesystem::path& file, std::string_view text) {
  const UniqueFd opened{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!opened) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io;
    return errno_error(code, "cannot open " + file.string());
  }
  if (::write(opened.get(), text.data(), text.size()) < 0) {
    return errno_error(ErrorCode::Io, "cannot write " + file.string());
  }
  return {};
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
  const std::size_t found = text.find(name);
  if (found == text.npos) return std::nullopt;
  const std::size_t digits = text.find_first_not_of(" \t", found + name.size());
  if (digits == text.npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data() + digits, text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace bulkhead::supervisor
