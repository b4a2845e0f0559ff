#pragma once

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/free_port.hpp"
#include "tests/support/logged_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::test {

/// Debian's Redis server on a free port of loopback, with its files in a folder of its own. Each
/// write is on disk before it is acknowledged, so that a restart after kill -9 begins with all.
class RedisServer {
 public:
  /// `settings` are further lines of redis.conf.
  explicit RedisServer(const std::string& settings = {}) : port_{free_port()} {
    const std::string file = "bind 127.0.0.1\nport " + std::to_string(port_) +
                             "\ndaemonize no\nsave \"\"\nappendonly yes\nappendfsync always\ndir " +
                             folder_.path().string() + "\n" + settings + "\n";
    config_ = folder_.write("redis.conf", file);
    // Debian's redis-tools hold the program under another name, by which it does something else.
    program_ = folder_.path() / "redis-server";
    std::filesystem::create_symlink(BULKHEAD_REDIS_SERVER, program_);
    start();
  }
  ~RedisServer() {
    if (process_) resume();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void stop() { process_->child().signal(SIGSTOP); }
  void resume() { process_->child().signal(SIGCONT); }
  void kill() {
    process_->child().kill();
    process_->child().wait_exit();
  }
  /// After `kill`.
  void start() {
    process_.reset();
    process_ = std::make_unique<LoggedProcess>(std::vector<std::string>{}, program_.string(),
                                               std::vector<std::string>{config_.string()});
    if (!process_->logs("Ready to accept connections")) {
      throw std::runtime_error{"no Redis: " + process_->log()};
    }
  }

 private:
  TempDir folder_;
  std::uint16_t port_;
  std::filesystem::path config_;
  std::filesystem::path program_;
  std::unique_ptr<LoggedProcess> process_;
};

}  // namespace bulkhead::test
