#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::test {

/// A supervisor on a free port; `first_line` is what it printed once ready, or its last words.
class RunningSupervisor {
 public:
  explicit RunningSupervisor(const std::filesystem::path& state_dir,
                             std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--port", "0", "--state-dir", state_dir.string()});
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output_.reset(ends[0]);
    UniqueFd child_end{ends[1]};
    child_.emplace(BULKHEAD_SUPERVISOR, std::move(arguments),
                   ChildProcess::Descriptors{{child_end.get(), STDOUT_FILENO}});
    child_end.reset();
    char letter = 0;
    while (wait_readable(output_.get(), kHangLimit) && ::read(output_.get(), &letter, 1) == 1 &&
           letter != '\n') {
      first_line_ += letter;
    }
  }

  [[nodiscard]] const std::string& first_line() const { return first_line_; }
  [[nodiscard]] ChildProcess& child() { return *child_; }

  /// ws://… or wss://…
  [[nodiscard]] std::string ws_url() const {
    const std::size_t start = first_line_.find("(ws") + 1;
    return start == 0 ? "" : first_line_.substr(start, first_line_.find(')') - start);
  }

 private:
  UniqueFd output_;
  std::optional<ChildProcess> child_;
  std::string first_line_;
};

}  // namespace bulkhead::test
