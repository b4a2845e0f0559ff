#include "tests/support/demo_camera.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace bulkhead::test {

namespace {

std::string read_line(int fd) {
  std::string line;
  char letter = 0;
  while (::read(fd, &letter, 1) == 1 && letter != '\n') line += letter;
  return line;
}

}  // namespace

DemoCamera::DemoCamera(std::vector<std::string> arguments, std::uint16_t port) {
  arguments.insert(arguments.begin(), {BULKHEAD_DEMO_CAMERA, "--port", std::to_string(port)});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  output_.reset(ends[0]);
  UniqueFd child_end{ends[1]};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, child_end.get(), STDOUT_FILENO);
  EXPECT_EQ(::posix_spawn(&pid_, BULKHEAD_DEMO_CAMERA, &actions, nullptr, argv.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  child_end.reset();  // so that the end of the child is the end of its output

  const std::string line = read_line(output_.get());
  const std::size_t colon = line.rfind(':');
  EXPECT_EQ(line.rfind("ready rtsp://127.0.0.1:", 0), 0U) << "the demo camera said: " << line;
  if (colon != std::string::npos) {
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
  }
}

DemoCamera::~DemoCamera() { kill(); }

std::string DemoCamera::url(const std::string& path, const std::string& user_info) const {
  return "rtsp://" + user_info + (user_info.empty() ? "" : "@") +
         "127.0.0.1:" + std::to_string(port_) + path;
}

void DemoCamera::freeze() const { ::kill(pid_, SIGSTOP); }

void DemoCamera::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

}  // namespace bulkhead::test
