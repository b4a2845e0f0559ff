#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.hpp"

namespace bulkhead::supervisor {

/// Lines of one tail that wait for their reader. Past either limit the oldest are dropped and
/// counted: who reads a log wants to know how it goes on. Used by the supervisor's loop.
class TailQueue {
 public:
  struct Limits {
    std::size_t lines = limits::kLogTailLines;
    std::size_t bytes = limits::kLogTailBytes;
  };

  explicit TailQueue(Limits most) : most_{most} {}

  void push(std::string line);

  /// The oldest lines, at least one where there are any, at most `bytes` of them.
  [[nodiscard]] std::vector<std::string> take(std::size_t bytes);

  /// How many were dropped since the last call; those came before all that are taken next.
  [[nodiscard]] std::uint64_t take_lost() noexcept { return std::exchange(lost_, 0); }

  [[nodiscard]] bool empty() const noexcept { return lines_.empty() && lost_ == 0; }

 private:
  std::string pop();

  Limits most_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace bulkhead::supervisor
