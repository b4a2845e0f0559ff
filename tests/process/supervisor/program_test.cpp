// The real supervisor without cameras: start, refusal to start, stop. The command line is its
// client.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "common/text_file.hpp"
#include "tests/support/notify_socket.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/running_supervisor.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

test::ProgramRun supervisor(const std::string& arguments) {
  return test::run_program("timeout 60 " BULKHEAD_SUPERVISOR " " + arguments);
}

class SupervisorProgramTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path state_dir() const { return folder_.path() / "a/b/state"; }
  [[nodiscard]] std::string in_state_dir() const { return "--state-dir " + state_dir().string(); }

  test::TempDir folder_;
};

TEST_F(SupervisorProgramTest, ItSaysWhereItIsReadyServesTheCommandLineAndStopsInOrder) {
  test::RunningSupervisor running{state_dir()};
  ASSERT_EQ(running.first_line().rfind("bulkhead-supervisor ready on http://127.0.0.1:", 0), 0U)
      << running.first_line();
  const std::string bulkhead = BULKHEAD_CLI " --url " + running.ws_url() + " ";

  const auto listed = test::run_program(bulkhead + "ls");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
  EXPECT_NE(listed.output.find("No cameras"), std::string::npos) << listed.output;
  const auto state = test::run_program(bulkhead + "--json state");
  EXPECT_EQ(state.exit_code, 0) << state.output;
  EXPECT_EQ(nlohmann::json::parse(state.output).at("version"), BULKHEAD_VERSION);
  const auto unknown = test::run_program(bulkhead + "get nobody");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.output.find("NOT_FOUND"), std::string::npos) << unknown.output;

  running.child().signal(SIGTERM);
  const auto exit = running.child().wait_exit();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, 0);
  EXPECT_EQ(exit->code, 0);
  const auto log = read_text_file(state_dir() / "logs/detector_worker_main.log", 1024 * 1024);
  ASSERT_TRUE(log);
  EXPECT_NE(log->find("started version="), std::string::npos);
  EXPECT_NE(log->find("stopped"), std::string::npos);
}

TEST_F(SupervisorProgramTest, ItTellsTheServiceManagerThatItIsReadyAliveAndStopping) {
  const test::NotifySocket manager{folder_.path() / "notify"};
  ::setenv("WATCHDOG_USEC", "20000", 1);
  test::RunningSupervisor running{state_dir()};
  EXPECT_EQ(manager.next(), "READY=1");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(manager.next(), "WATCHDOG=1");
  running.child().signal(SIGTERM);
  std::string said = manager.next();
  while (said == "WATCHDOG=1") said = manager.next();
  EXPECT_EQ(said, "STOPPING=1");
  EXPECT_TRUE(running.child().wait_exit());
}

TEST_F(SupervisorProgramTest, TheStateDirectoryIsItsOwnersAlone) {
  test::RunningSupervisor running{state_dir()};
  struct stat status {};
  ASSERT_EQ(::stat(state_dir().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(SupervisorProgramTest, ASecondOneForTheSameStateIsRefusedWithThePidOfTheFirst) {
  test::RunningSupervisor running{state_dir()};
  const auto second = supervisor("--port 0 " + in_state_dir());
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_NE(second.output.find("pid " + std::to_string(running.child().pid())), std::string::npos)
      << second.output;
}

TEST_F(SupervisorProgramTest, AfterAKillTheNextOneStartsAtOnce) {
  {
    test::RunningSupervisor killed{state_dir()};
    killed.child().kill();
    ASSERT_TRUE(killed.child().wait_exit());
  }
  test::RunningSupervisor next{state_dir()};
  EXPECT_FALSE(next.ws_url().empty()) << next.first_line();
}

TEST_F(SupervisorProgramTest, ATakenPortIsUnavailable) {
  test::RunningSupervisor running{state_dir()};
  const std::string url = running.ws_url();
  const std::size_t colon = url.rfind(':');
  const std::string port = url.substr(colon + 1, url.rfind('/') - colon - 1);
  const auto second =
      supervisor("--port " + port + " --state-dir " + (folder_.path() / "other").string());
  EXPECT_EQ(second.exit_code, 69) << second.output;
  EXPECT_NE(second.output.find(port), std::string::npos) << second.output;
}

TEST_F(SupervisorProgramTest, TheCommandLineMakesShowsUsesAndRevokesATokenThatIsInNoLog) {
  test::RunningSupervisor running{state_dir()};
  const std::string bulkhead = BULKHEAD_CLI " --url " + running.ws_url() + " ";
  const std::string file = (folder_.path() / "token").string();
  const auto made = test::run_program(
      bulkhead + "token add ci --role operator --scope 'hall-*' > " + file + " && cat " + file);
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const std::string token = read_text_file(file, 1024).value();
  ASSERT_EQ(token.rfind("bulkhead_", 0), 0U);

  const auto listed = test::run_program(bulkhead + "token list");
  EXPECT_NE(listed.output.find("hall-*"), std::string::npos) << listed.output;
  EXPECT_EQ(listed.output.find(token.substr(0, 20)), std::string::npos);
  const std::string with_token = bulkhead + "--token-file " + file + " ";
  EXPECT_EQ(test::run_program(with_token + "ls").exit_code, 0);
  const auto denied = test::run_program(with_token + "token list");
  EXPECT_EQ(denied.exit_code, 1);
  EXPECT_NE(denied.output.find("PERMISSION_DENIED"), std::string::npos) << denied.output;

  EXPECT_EQ(test::run_program(bulkhead + "token revoke ci").exit_code, 0);
  const auto refused = test::run_program(with_token + "ls");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.output.find("revoked"), std::string::npos) << refused.output;
  const auto searched =
      test::run_program("grep -rFe " + token.substr(9, 43) + " " + state_dir().string());
  EXPECT_EQ(searched.exit_code, 1) << searched.output;
  const auto audit = read_text_file(state_dir() / "logs/audit.log", 65536);
  ASSERT_TRUE(audit);
  EXPECT_NE(audit->find("method=token.revoke target=ci outcome=OK"), std::string::npos) << *audit;
}

TEST_F(SupervisorProgramTest, ATokenFileThatCannotBeUsedIsNamed) {
  const auto empty = folder_.write("empty", "\n");
  for (const std::string& file : {empty.string(), (folder_.path() / "absent").string()}) {
    const auto run = test::run_program(BULKHEAD_CLI " --token-file " + file + " ls");
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_NE(run.output.find("--token-file"), std::string::npos) << run.output;
  }
}

TEST_F(SupervisorProgramTest, ADamagedListOfTokensIsRefusedAtStart) {
  ASSERT_TRUE(std::filesystem::create_directories(state_dir()));
  folder_.write("a/b/state/tokens.json", "{");
  const auto run = supervisor("--port 0 " + in_state_dir());
  EXPECT_EQ(run.exit_code, 73) << run.output;
  EXPECT_NE(run.output.find("tokens.json"), std::string::npos) << run.output;
}

TEST_F(SupervisorProgramTest, ABadConfigurationIsRefusedBeforeAnythingIsMade) {
  const auto file = folder_.write("bad.json", R"({"listen": {"prot": 1}})");
  for (const std::string& arguments :
       {"--config " + file.string(), std::string{"--set listen.host=0.0.0.0"},
        std::string{"--set nonsense"}, "--config " + (folder_.path() / "absent.json").string()}) {
    const auto run = supervisor(in_state_dir() + " " + arguments);
    EXPECT_EQ(run.exit_code, 78) << arguments << "\n" << run.output;
  }
  EXPECT_FALSE(std::filesystem::exists(state_dir()));
}

TEST_F(SupervisorProgramTest, AWrongCommandLineIsAUsageError) {
  for (const char* wrong : {"--fly", "--port 70000", "extra"}) {
    EXPECT_EQ(supervisor(wrong).exit_code, 64) << wrong;
  }
}

TEST_F(SupervisorProgramTest, AStateDirectoryThatCannotBeMadeIsNamed) {
  folder_.write("file", "");
  const auto run = supervisor("--port 0 --state-dir " + (folder_.path() / "file/state").string());
  EXPECT_EQ(run.exit_code, 73);
  EXPECT_NE(run.output.find("file"), std::string::npos) << run.output;
}

TEST_F(SupervisorProgramTest, WithoutAWorkerBesideItItDoesNotStart) {
  const auto alone = folder_.path() / "bulkhead-supervisor";
  std::filesystem::copy_file(BULKHEAD_SUPERVISOR, alone);
  const auto run =
      test::run_program("timeout 60 " + alone.string() + " --port 0 " + in_state_dir());
  EXPECT_EQ(run.exit_code, 72);
  EXPECT_NE(run.output.find("bulkhead-worker"), std::string::npos) << run.output;
}

TEST_F(SupervisorProgramTest, TheConfigurationInEffectIsPrintedAndReadsBack) {
  const auto printed = supervisor("--check-config --set listen.port=9123 " + in_state_dir());
  EXPECT_EQ(printed.exit_code, 0) << printed.output;
  EXPECT_EQ(nlohmann::json::parse(printed.output).at("listen").at("port"), 9123);
  const auto file = folder_.write("effective.json", printed.output);
  EXPECT_EQ(supervisor("--check-config --config " + file.string()).output, printed.output);
  EXPECT_FALSE(std::filesystem::exists(state_dir()));
}

}  // namespace
}  // namespace bulkhead::supervisor
