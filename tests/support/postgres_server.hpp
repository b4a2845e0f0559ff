#pragma once

#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/free_port.hpp"
#include "tests/support/logged_process.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::test {

/// Debian's PostgreSQL server on a free port of loopback, with its files in a folder of its own.
/// Role admin comes in without a password, all others with theirs. It does not run as root, so a
/// test that does makes it nobody's. To make its files takes seconds: one for each test program.
class PostgresServer {
 public:
  PostgresServer() : port_{free_port()} {
    give_away(folder_.path().string());
    const ProgramRun made = run_program(as_other_user_in_shell() + kPrograms +
                                        "/initdb --no-sync --auth=trust --username=admin "
                                        "--encoding=UTF8 --no-locale -D " +
                                        files());
    if (made.exit_code != 0) throw std::runtime_error{"no database: " + made.output};
    std::ofstream{files() + "/pg_hba.conf"} << "host all admin 127.0.0.1/32 trust\n"
                                               "host all all 127.0.0.1/32 scram-sha-256\n";
    std::ofstream{files() + "/postgresql.conf"}
        << "listen_addresses = '127.0.0.1'\nport = " << port_
        << "\nunix_socket_directories = ''\nfsync = off\nmax_connections = 40\n"
           "shared_buffers = 16MB\nlog_min_messages = log\n";
    start();
  }
  ~PostgresServer() {
    if (process_) resume();
    if (process_) kill();
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string admin_connection() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=admin dbname=postgres";
  }

  void stop() { signal_all(SIGSTOP); }
  void resume() { signal_all(SIGCONT); }
  void kill() {
    signal_all(SIGKILL);
    process_->child().wait_exit();
    process_.reset();  // waits for those that have its log open, which are all of its processes
  }
  /// After `kill`.
  void start() {
    std::vector<std::string> options;
    if (::geteuid() == 0) options = other_user();
    process_ = std::make_unique<LoggedProcess>(options, std::string{kPrograms} + "/postgres",
                                               std::vector<std::string>{"-D", files()});
    if (!process_->logs("database system is ready to accept connections")) {
      throw std::runtime_error{"no PostgreSQL: " + process_->log()};
    }
  }

  /// Makes a file or folder the server's own.
  static void give_away(const std::string& path) {
    const passwd* nobody = ::getpwnam("nobody");
    if (::geteuid() != 0 || nobody == nullptr) return;
    if (::chown(path.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
      throw std::runtime_error{"cannot give away " + path};
    }
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  static constexpr const char* kPrograms = BULKHEAD_POSTGRES_PROGRAMS;

  [[nodiscard]] std::string files() const { return (folder_.path() / "files").string(); }

  static std::vector<std::string> other_user() {
    return {"--reuid=nobody", "--regid=nogroup", "--clear-groups"};
  }
  static std::string as_other_user_in_shell() {
    return ::geteuid() == 0 ? "/usr/bin/setpriv --reuid=nobody --regid=nogroup --clear-groups "
                            : "";
  }

  /// The server and its processes, one for each connection and some of its own.
  void signal_all(int number) {
    const std::string pid = std::to_string(process_->child().pid());
    std::ifstream children{"/proc/" + pid + "/task/" + pid + "/children"};
    std::vector<pid_t> pids{process_->child().pid()};
    for (pid_t child = 0; children >> child;) pids.push_back(child);
    for (const pid_t each : pids) ::kill(each, number);
  }

  TempDir folder_;
  std::uint16_t port_;
  std::unique_ptr<LoggedProcess> process_;
};

}  // namespace bulkhead::test
