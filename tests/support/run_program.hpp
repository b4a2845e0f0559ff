#pragma once

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <string>

namespace bulkhead::test {

struct ProgramRun {
  int exit_code = -1;  // -1: ended by a signal
  std::string output;  // standard output and standard error as they came
};

/// Runs a shell command to its end. Its own limits, and ctest's, are the limit of this wait.
inline ProgramRun run_program(const std::string& command) {
  ProgramRun run;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  if (pipe == nullptr) return run;
  std::array<char, 4096> bytes{};
  while (const std::size_t got = ::fread(bytes.data(), 1, bytes.size(), pipe)) {
    run.output.append(bytes.data(), got);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
  return run;
}

}  // namespace bulkhead::test
