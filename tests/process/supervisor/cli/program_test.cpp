// The real program, with nobody to talk to.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/unique_fd.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::cli {
namespace {

/// A bound socket that does not listen: connecting to its port is refused while it lives.
class ClosedPort {
 public:
  ClosedPort() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "ws://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/ws";
  }

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  UniqueFd socket_;
  std::string url_;
};

test::ProgramRun bulkhead(const std::string& arguments) {
  return test::run_program(std::string{BULKHEAD_CLI} + " " + arguments);
}

TEST(CliProgramTest, EveryVerbSaysWhatWasTriedWhenNoSupervisorIsThere) {
  const ClosedPort port;
  for (const char* verb :
       {"ls", "state", "get cam", "rm cam", "restart cam", "watch", "logs cam", "history cam",
        "snapshot cam", "bundle cam", "add cam rtsp://127.0.0.1/x"}) {
    const auto run = bulkhead("--url " + port.url() + " " + verb);
    EXPECT_EQ(run.exit_code, 3) << verb << "\n" << run.output;
    EXPECT_NE(run.output.find("no supervisor at " + port.url()), std::string::npos) << run.output;
    EXPECT_NE(run.output.find("bulkhead-supervisor"), std::string::npos) << run.output;
  }
}

TEST(CliProgramTest, TheAddressMayComeFromTheEnvironment) {
  const ClosedPort port;
  const auto run = test::run_program("BULKHEAD_URL=" + port.url() + " " BULKHEAD_CLI " ls");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.output.find(port.url()), std::string::npos) << run.output;
}

TEST(CliProgramTest, AWrongCommandLineIsAUsageError) {
  for (const char* wrong : {"", "fly", "get", "add cam", "watch --min-confidence 2", "--url x: ls",
                            "restart cam --mode maybe", "--timeout 0 ls",
                            "add cam rtsp://h/x --password-file /dev/null"}) {
    EXPECT_EQ(bulkhead(wrong).exit_code, 2) << wrong;
  }
}

TEST(CliProgramTest, HelpTellsVerbsAndExitCodes) {
  const auto run = bulkhead("--help");
  EXPECT_EQ(run.exit_code, 0);
  for (const char* word : {"add", "rm", "ls", "get", "restart", "watch", "snapshot", "bundle",
                           "history", "logs", "state", "BULKHEAD_URL", "Exit codes"}) {
    EXPECT_NE(run.output.find(word), std::string::npos) << word;
  }
}

TEST(CliProgramTest, AFileOfTheOperatorThatCannotBeUsedIsNamedBeforeAnyoneIsAsked) {
  const ClosedPort port;
  const auto pipeline =
      bulkhead("--url " + port.url() + " add cam rtsp://127.0.0.1/x --pipeline ./absent.json");
  EXPECT_EQ(pipeline.exit_code, 1);
  EXPECT_NE(pipeline.output.find("absent.json"), std::string::npos) << pipeline.output;

  const auto list = bulkhead("--url " + port.url() + " apply ./absent.json");
  EXPECT_EQ(list.exit_code, 1);
  EXPECT_NE(list.output.find("absent.json"), std::string::npos) << list.output;
  const auto other = bulkhead("--url " + port.url() + " apply - </dev/null");
  EXPECT_EQ(other.exit_code, 1) << other.output;

  const auto password = bulkhead("--url " + port.url() +
                                 " add cam rtsp://127.0.0.1/x --user u --password-file /dev/null");
  EXPECT_EQ(password.exit_code, 1);
  EXPECT_NE(password.output.find("is empty"), std::string::npos) << password.output;
}

TEST(CliProgramTest, APasswordInTheArgumentsIsDiscouragedAndNeverRepeated) {
  const ClosedPort port;
  const auto run = bulkhead("--url " + port.url() + " add cam rtsp://u:S3cret@127.0.0.1/x");
  EXPECT_NE(run.output.find("--password-file"), std::string::npos) << run.output;
  EXPECT_EQ(run.output.find("S3cret"), std::string::npos) << run.output;
}

}  // namespace
}  // namespace bulkhead::cli
