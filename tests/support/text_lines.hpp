#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bulkhead::test {

/// The lines of a file; none where there is no such file.
inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream stream{path};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace bulkhead::test
