#pragma once

#include <string>
#include <vector>

namespace bulkhead::supervisor {

/// As exec and posix_spawn take arguments and environments: null at the end, valid while `texts`
/// is not changed.
[[nodiscard]] inline std::vector<char*> argument_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace bulkhead::supervisor
