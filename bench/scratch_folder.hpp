#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "bench/must.hpp"

namespace bulkhead::bench {

/// A folder of the bench's own, gone with it. Static where `fail` shall take it away, too.
struct ScratchFolder {
  std::string path = (std::filesystem::temp_directory_path() / "bulkhead-bench-XXXXXX").string();

  ScratchFolder() {
    if (::mkdtemp(path.data()) == nullptr) fail("mkdtemp");
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path); }
};

}  // namespace bulkhead::bench
