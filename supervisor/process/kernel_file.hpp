#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead::supervisor {

/// Files of /proc and of control groups: made by the kernel when they are read, a page at most as
/// far as they are of interest here, no disk behind them.

/// The first page of it; none where it cannot be opened or read.
[[nodiscard]] std::optional<std::string> read_kernel_file(const std::filesystem::path& file);

/// In one write, as the kernel wants it. Io with the kernel's reason, NotFound where there is no
/// such file.
[[nodiscard]] Result<> write_kernel_file(const std::filesystem::path& file, std::string_view text);

/// The number that follows a name, after blanks: "oom_kill 3". None where the name is not there.
[[nodiscard]] std::optional<std::uint64_t> number_after(std::string_view text,
                                                        std::string_view name);

}  // namespace bulkhead::supervisor
