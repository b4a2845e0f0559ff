#include "supervisor/process/process_memory.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>

#include "supervisor/process/kernel_file.hpp"

namespace bulkhead::supervisor {

namespace {

std::string path_of(pid_t pid, std::string_view file) {
  return "/proc/" + std::to_string(pid) + '/' + std::string{file};
}

/// Of values that the file gives in kB; none where it lacks one.
std::optional<std::uint64_t> sum_of(pid_t pid, std::string_view file,
                                    std::initializer_list<std::string_view> names) {
  const auto text = read_kernel_file(path_of(pid, file));
  if (!text) return std::nullopt;
  std::uint64_t kilobytes = 0;
  for (const std::string_view name : names) {
    const auto value = number_after(*text, name);
    if (!value) return std::nullopt;
    kilobytes += *value;
  }
  return kilobytes * 1024;
}

}  // namespace

std::optional<ProcessMemory> memory_of(pid_t pid) {
  const auto text = read_kernel_file(path_of(pid, "statm"));
  if (!text) return std::nullopt;
  // "size resident shared …" in pages; shared are those of files and of shared memory.
  std::array<std::uint64_t, 3> pages{};
  const char* at = text->data();
  const char* const end = at + text->size();
  for (std::uint64_t& count : pages) {
    while (at != end && *at == ' ') ++at;
    const auto parsed = std::from_chars(at, end, count);
    if (parsed.ec != std::errc{}) return std::nullopt;
    at = parsed.ptr;
  }
  const auto [size, resident, shared] = pages;
  if (resident < shared) return std::nullopt;
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return ProcessMemory{.resident_bytes = resident * page_bytes,
                       .anonymous_bytes = (resident - shared) * page_bytes};
}

std::optional<std::uint64_t> unbacked_bytes(pid_t pid) {
  return sum_of(pid, "status", {"\nRssAnon:", "\nRssShmem:"});
}

std::optional<std::uint64_t> proportional_bytes(pid_t pid) {
  return sum_of(pid, "smaps_rollup", {"\nPss_Anon:", "\nPss_Shmem:"});
}

}  // namespace bulkhead::supervisor
