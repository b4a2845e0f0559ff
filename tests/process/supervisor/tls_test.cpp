// The real supervisor and the real command line under TLS, with certificates of the test's own.

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "common/text_file.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/running_supervisor.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

class TlsProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = test::run_program("/usr/bin/python3 -B " BULKHEAD_CERTIFICATES " " +
                                        folder_.path().string());
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }

  [[nodiscard]] std::string file(const char* name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] fs::path state_dir() const { return folder_.path() / "state"; }

  [[nodiscard]] std::vector<std::string> with_tls(std::vector<std::string> settings = {}) const {
    settings.push_back("listen.tls.certificate=" + file("server.pem"));
    settings.push_back("listen.tls.key=" + file("server.key"));
    std::vector<std::string> arguments;
    for (std::string& setting : settings) {
      arguments.insert(arguments.end(), {"--set", std::move(setting)});
    }
    return arguments;
  }

  /// A start that must fail, with these settings.
  [[nodiscard]] test::ProgramRun refused(const std::vector<std::string>& arguments) const {
    std::string command =
        "timeout 60 " BULKHEAD_SUPERVISOR " --port 0 --state-dir " + state_dir().string();
    for (const std::string& argument : arguments) command += " " + argument;
    return test::run_program(command);
  }

  static test::ProgramRun bulkhead(const std::string& url, const std::string& arguments) {
    return test::run_program(BULKHEAD_CLI " --url " + url + " " + arguments);
  }

  [[nodiscard]] std::string trusted() const { return "--ca-file " + file("ca.pem") + " "; }

  test::TempDir folder_;
};

TEST_F(TlsProgramTest, TheCommandLineSpeaksItToWhomItTrustsAndSaysWhyToOthers) {
  test::RunningSupervisor running{state_dir(), with_tls()};
  ASSERT_EQ(running.ws_url().rfind("wss://127.0.0.1:", 0), 0U) << running.first_line();
  const std::string url = running.ws_url();

  const auto listed = bulkhead(url, trusted() + "ls");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
  EXPECT_NE(listed.output.find("No cameras"), std::string::npos) << listed.output;

  const auto distrusted = bulkhead(url, "ls");
  EXPECT_EQ(distrusted.exit_code, 1);
  EXPECT_NE(distrusted.output.find("--ca-file"), std::string::npos) << distrusted.output;

  const auto other_host =
      bulkhead("wss://127.0.0.2" + url.substr(url.rfind(':')), trusted() + "ls");
  EXPECT_EQ(other_host.exit_code, 3) << other_host.output;  // it listens on one address only

  const auto in_the_clear = bulkhead("ws" + url.substr(3), "ls");
  EXPECT_EQ(in_the_clear.exit_code, 1);
  EXPECT_NE(in_the_clear.output.find("wss://"), std::string::npos) << in_the_clear.output;

  const auto unused = bulkhead("ws" + url.substr(3), trusted() + "ls");
  EXPECT_EQ(unused.exit_code, 2) << unused.output;
}

TEST_F(TlsProgramTest, ACertificateForAnotherHostIsNotTrusted) {
  test::RunningSupervisor running{state_dir(), with_tls({"listen.host=127.0.0.2"})};
  const auto listed = bulkhead(running.ws_url(), trusted() + "ls");
  EXPECT_EQ(listed.exit_code, 1);
  EXPECT_NE(listed.output.find("mismatch"), std::string::npos) << listed.output;
}

TEST_F(TlsProgramTest, WhereCertificatesAreAskedForTheCommandLineShowsIts) {
  test::RunningSupervisor running{state_dir(),
                                  with_tls({"listen.tls.client_ca=" + file("ca.pem")})};
  const auto without = bulkhead(running.ws_url(), trusted() + "ls");
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_NE(without.output.find("--cert-file"), std::string::npos) << without.output;
  const std::string ours =
      "--cert-file " + file("client.pem") + " --key-file " + file("client.key") + " ";
  const auto listed = bulkhead(running.ws_url(), trusted() + ours + "ls");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
}

TEST_F(TlsProgramTest, ItIsReachedFromElsewhereOnlyOnceThereIsAToken) {
  const auto everywhere = with_tls({"listen.host=0.0.0.0"});
  const auto without_token = refused(everywhere);
  EXPECT_EQ(without_token.exit_code, 78);
  EXPECT_NE(without_token.output.find("bulkhead token add"), std::string::npos)
      << without_token.output;
  {
    test::RunningSupervisor at_home{state_dir()};
    const auto made = bulkhead(at_home.ws_url(), "token add admin --role admin");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    at_home.child().signal(SIGTERM);
    ASSERT_TRUE(at_home.child().wait_exit());
  }
  test::RunningSupervisor running{state_dir(), everywhere};
  const std::string url = running.ws_url();
  ASSERT_EQ(url.rfind("wss://0.0.0.0:", 0), 0U) << running.first_line();
  const auto listed = bulkhead("wss://localhost" + url.substr(url.rfind(':')), trusted() + "ls");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
}

TEST_F(TlsProgramTest, AnUpgradeGoesOnUnderTls) {
  test::RunningSupervisor running{state_dir(), with_tls()};
  const auto upgraded = bulkhead(running.ws_url(), trusted() + "upgrade");
  EXPECT_EQ(upgraded.exit_code, 0) << upgraded.output;
  const auto listed = bulkhead(running.ws_url(), trusted() + "ls");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
}

TEST_F(TlsProgramTest, FilesThatCannotBeUsedAreNamedWithWhatIsWrong) {
  const auto expect_refused = [&](const std::string& field, const std::string& why) {
    const auto run = refused(with_tls());
    EXPECT_EQ(run.exit_code, 78) << run.output;
    EXPECT_NE(run.output.find(field), std::string::npos) << run.output;
    EXPECT_NE(run.output.find(why), std::string::npos) << run.output;
  };
  const fs::path key = file("server.key");
  fs::permissions(key, fs::perms::others_read, fs::perm_options::add);
  expect_refused("listen.tls.key", "chmod");
  fs::permissions(key, fs::perms::others_read, fs::perm_options::remove);

  fs::rename(key, file("kept.key"));
  expect_refused("listen.tls.key", "No such file");
  fs::rename(file("client.key"), key);
  expect_refused("listen.tls.key", "mismatch");
  // OpenSSL itself compares only keys of one kind.
  const auto other = test::run_program("openssl genrsa -out " + key.string() + " 2048");
  ASSERT_EQ(other.exit_code, 0) << other.output;
  expect_refused("listen.tls.key", "is not the key");
  // A passphrase is asked of nobody: the start ends, and does not wait for it.
  const auto locked = test::run_program("openssl ec -aes128 -passout pass:secret -in " +
                                        file("kept.key") + " -out " + key.string());
  ASSERT_EQ(locked.exit_code, 0) << locked.output;
  expect_refused("listen.tls.key", key.string());
  fs::rename(file("kept.key"), key);
  folder_.write("server.pem", "no certificate");
  expect_refused("listen.tls.certificate", file("server.pem"));
}

}  // namespace
}  // namespace bulkhead::supervisor
