#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "common/redaction.hpp"
#include "common/result.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead {

/// Opens the log file of one process (DESIGN §6): rotation by size and count, one line
/// `time level session generation thread message key=value…`, control characters escaped, secrets
/// of `redactor` removed, mode 0640, links not followed. A full disk costs log lines (counted by
/// `log_lines_lost_total`), never a frame.
struct LogSpec {
  std::filesystem::path file;
  std::size_t max_bytes = std::size_t{100} * 1024 * 1024;
  std::size_t backup_count = 5;
  std::string session = "-";  // second-to-fourth column of each line
  std::uint32_t generation = 0;
  std::string level = "info";  // trace debug info warn error
  bool also_stderr = false;
};

[[nodiscard]] Result<std::shared_ptr<spdlog::logger>> open_log(
    const LogSpec& spec, std::shared_ptr<const Redactor> redactor);

/// Lines this process could not write, for metrics.
[[nodiscard]] std::uint64_t log_lines_lost_total() noexcept;

}  // namespace bulkhead
