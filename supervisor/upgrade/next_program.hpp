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
/// `inheritance`, and nothing else that is open. Returns only where that failed; then nothing has
/// changed. Stop signals shall be blocked, for it cannot obey them from the first moment on.
[[nodiscard]] Error become(const NextProgram& next, const Inheritance& inheritance, int memory);

/// For the program that was begun so: marks what came along close-on-exec again.
void close_all_on_exec();

/// SIGTERM and SIGINT to this thread and those that it starts wait until it unblocks them, also
/// over an exec. The loop's thread alone ever takes them: another would take them from the next
/// program.
void block_stop_signals();
void unblock_stop_signals();

}  // namespace bulkhead::supervisor
