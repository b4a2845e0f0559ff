#pragma once

#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/upgrade/inheritance.hpp"

namespace bulkhead::supervisor {

/// What replaces this program: the file that was started, as it is then, with the same arguments.
struct NextProgram {
  std::string path;                    // absolute
  std::vector<std::string> arguments;  // without the program's name, and without the two below
};

/// Options of the command line that only a supervisor gives its successor.
inline constexpr const char* kInheritOption = "--inherit";
inline constexpr const char* kDryRunOption = "--dry-run";

/// Its command line, the program's name first, where it shall find `memory`.
[[nodiscard]] std::vector<std::string> command_line(const NextProgram& next, int memory);

/// Becomes the next program, which is given `memory` (see `bequeath`) and every descriptor of
/// `inheritance`, and nothing else that is open. SIGTERM and SIGINT wait until it unblocks them.
/// Returns only where that failed; then nothing has changed.
[[nodiscard]] Error become(const NextProgram& next, const Inheritance& inheritance, int memory);

/// For the program that was begun so: marks what came along close-on-exec again.
void close_all_on_exec();

/// For the same, once it can obey: delivers what was asked for meanwhile.
void unblock_signals();

}  // namespace bulkhead::supervisor
