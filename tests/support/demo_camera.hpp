#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.hpp"

namespace bulkhead::test {

/// The demo camera as a child process: ready when constructed, killed and reaped when destroyed.
class DemoCamera {
 public:
  explicit DemoCamera(std::vector<std::string> arguments, std::uint16_t port = 0);
  DemoCamera(const DemoCamera&) = delete;
  DemoCamera& operator=(const DemoCamera&) = delete;
  ~DemoCamera();

  [[nodiscard]] std::string url(const std::string& path, const std::string& user_info = {}) const;
  [[nodiscard]] std::uint16_t port() const { return port_; }

  void freeze() const;  // keeps its connections, says nothing any more
  void kill();

 private:
  int pid_ = -1;
  UniqueFd output_;
  std::uint16_t port_ = 0;
};

}  // namespace bulkhead::test
