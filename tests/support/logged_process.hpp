#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::test {

/// A server as a real child of a test, and what it logs. It dies with the test, even with one that
/// is killed itself.
class LoggedProcess {
 public:
  /// `options` are those of setpriv, such as the user to run as.
  LoggedProcess(std::vector<std::string> options, const std::string& program,
                const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    log_ = UniqueFd{ends[0]};
    const UniqueFd written{ends[1]};
    options.insert(options.begin(), {"--pdeathsig", "KILL"});
    options.push_back(program);
    options.insert(options.end(), arguments.begin(), arguments.end());
    child_.emplace("/usr/bin/setpriv", options,
                   ChildProcess::Descriptors{{written.get(), 1}, {written.get(), 2}});
    reader_ = std::thread{[this] { read(); }};
  }
  LoggedProcess(const LoggedProcess&) = delete;
  LoggedProcess& operator=(const LoggedProcess&) = delete;

  ~LoggedProcess() {
    child_.reset();
    reader_.join();  // it ends with the last process that has the log open
  }

  [[nodiscard]] ChildProcess& child() { return *child_; }

  /// Whether the log holds `text`, now or before the limit has passed.
  bool logs(std::string_view text) {
    std::unique_lock lock{mutex_};
    return grown_.wait_for(lock, kHangLimit, [&] {
      return is_over_ || text_.find(text) != std::string::npos;
    }) && text_.find(text) != std::string::npos;
  }

  [[nodiscard]] std::string log() {
    const std::lock_guard lock{mutex_};
    return text_;
  }

 private:
  void read() {
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::read(log_.get(), bytes.data(), bytes.size())) > 0) {
      const std::lock_guard lock{mutex_};
      text_.append(bytes.data(), static_cast<std::size_t>(got));
      grown_.notify_all();
    }
    const std::lock_guard lock{mutex_};
    is_over_ = true;
    grown_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable grown_;
  std::string text_;
  bool is_over_ = false;
  UniqueFd log_;
  std::optional<ChildProcess> child_;
  std::thread reader_;
};

}  // namespace bulkhead::test
