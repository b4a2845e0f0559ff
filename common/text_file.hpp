#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace bulkhead {

/// The whole of a small file. NotFound where there is none, LimitReached where it holds more than
/// `max_bytes` (nothing more is read then), Io for all else; each names the file. Blocks on disk.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& file,
                                                 std::size_t max_bytes);

}  // namespace bulkhead
