#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_dir.hpp"

// Rules of the tree that a compiler does not check: who may include whom, what is banned from
// production code, and when a file is no longer one idea.

namespace bulkhead {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLines = 400;

// The arrows: common ← ipc ← worker, common ← ipc ← supervisor.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"common", {"common"}},
    {"ipc", {"common", "ipc"}},
    {"worker", {"common", "ipc", "worker"}},
    {"supervisor", {"common", "ipc", "supervisor"}},
    {"tests", {"common", "ipc", "worker", "supervisor", "tests"}},
    {"bench", {"common", "ipc", "worker", "supervisor", "bench"}},
};

// Of Boost.Interprocess only what holds no lock that a dead process could keep. The kernel itself
// releases a file lock.
constexpr std::array<std::string_view, 3> kInterprocessHeaders{
    "boost/interprocess/exceptions.hpp", "boost/interprocess/mapped_region.hpp",
    "boost/interprocess/sync/file_lock.hpp"};

// The same under names that another header might bring in.
constexpr std::array<std::string_view, 8> kBannedNames{
    "interprocess::message_queue", "interprocess_mutex",    "interprocess_condition",
    "interprocess_semaphore",      "interprocess::named_",  "managed_shared_memory",
    "shared_memory_object",        "PTHREAD_PROCESS_SHARED"};

bool is_production(const std::string& folder) { return folder != "tests" && folder != "bench"; }

bool is_cpp(const fs::path& file) {
  return file.extension() == ".cpp" || file.extension() == ".hpp";
}

bool is_source(const fs::path& file) {
  static const std::set<std::string> kExtensions{".cpp", ".hpp", ".py", ".js", ".css", ".html"};
  return kExtensions.contains(file.extension().string());
}

/// What stands between `open` and `close` of an include line.
std::optional<std::string> included(const std::string& line, char open, char close) {
  const std::size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || !line.substr(hash).starts_with("#include")) return {};
  const std::size_t from = line.find(open, hash);
  const std::size_t to = line.find(close, from + 1);
  if (from == std::string::npos || to == std::string::npos) return {};
  return line.substr(from + 1, to - from - 1);
}

/// All breaches of the rules below `root`, each as "file:line: sentence".
class Inspection {
 public:
  explicit Inspection(fs::path root) : root_{std::move(root)} {
    for (const auto& [folder, allowed] : kMayInclude) {
      if (!fs::exists(root_ / folder)) continue;
      for (const auto& entry : fs::recursive_directory_iterator{root_ / folder}) {
        if (entry.is_regular_file() && is_source(entry.path())) inspect(entry.path(), folder);
      }
    }
  }

  [[nodiscard]] const std::vector<std::string>& breaches() const { return breaches_; }
  [[nodiscard]] int files() const { return files_; }

 private:
  void inspect(const fs::path& file, const std::string& folder) {
    ++files_;
    std::ifstream in{file};
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      where_ = fs::relative(file, root_).string() + ':' + std::to_string(++number);
      if (!is_cpp(file)) continue;
      if (const auto path = included(line, '"', '"')) check_own_include(*path, folder);
      if (is_production(folder)) check_banned(line);
    }
    if (number > kMaxLines) {
      breach("the file has " + std::to_string(number) + " lines; at most " +
             std::to_string(kMaxLines) + ", so divide it");
    }
  }

  void check_own_include(const std::string& path, const std::string& folder) {
    const std::string target = path.substr(0, path.find('/'));
    if (!kMayInclude.contains(target) || !fs::exists(root_ / path)) {
      breach('"' + path + "\" is no path from the root of the repository");
    } else if (!kMayInclude.at(folder).contains(target)) {
      breach(folder + "/ may not include from " + target + '/');
    }
  }

  void check_banned(const std::string& line) {
    const auto header = included(line, '<', '>');
    if (header && header->starts_with("boost/interprocess/") &&
        std::ranges::find(kInterprocessHeaders, *header) == kInterprocessHeaders.end()) {
      breach('<' + *header + "> is not among the headers that are safe when a peer dies");
    }
    for (const std::string_view name : kBannedNames) {
      if (line.find(name) != std::string::npos) {
        breach(std::string{name} + " can stay locked by a dead process");
      }
    }
  }

  void breach(const std::string& sentence) { breaches_.push_back(where_ + ": " + sentence); }

  fs::path root_;
  std::string where_;
  std::vector<std::string> breaches_;
  int files_ = 0;
};

TEST(Layering, IsKeptByEverySourceFile) {
  const Inspection inspection{BULKHEAD_SOURCE_DIR};
  EXPECT_GT(inspection.files(), 100);
  for (const std::string& breach : inspection.breaches()) ADD_FAILURE() << breach;
}

/// A tree of its own with one file that breaks a rule, and one it may include.
class BrokenTree : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) { dir_.write(path, text); }
  void expect_breach(const std::string& part) {
    const Inspection inspection{dir_.path()};
    ASSERT_EQ(inspection.breaches().size(), 1U) << part;
    EXPECT_NE(inspection.breaches()[0].find(part), std::string::npos) << inspection.breaches()[0];
  }

  test::TempDir dir_;
};

TEST_F(BrokenTree, IsFoundWhenWorkerAndSupervisorMeet) {
  write("supervisor/hub.hpp", "");
  write("worker/a.cpp", "\n#include \"supervisor/hub.hpp\"\n");
  expect_breach("worker/a.cpp:2: worker/ may not include from supervisor/");
}

TEST_F(BrokenTree, IsFoundWhenAnArrowIsReversed) {
  write("ipc/record.hpp", "");
  write("common/a.hpp", "#include \"ipc/record.hpp\"\n");
  expect_breach("common/ may not include from ipc/");
}

TEST_F(BrokenTree, IsFoundWhenProductionIncludesATest) {
  write("tests/support/clock.hpp", "");
  write("worker/a.cpp", "#include \"tests/support/clock.hpp\"\n");
  expect_breach("worker/ may not include from tests/");
}

TEST_F(BrokenTree, IsFoundWhenAnIncludeIsRelativeToItsFile) {
  write("ipc/record.hpp", "");
  write("ipc/a.cpp", "  #include \"record.hpp\"\n");
  expect_breach("no path from the root");
  write("ipc/a.cpp", "#include \"ipc/gone.hpp\"\n");
  expect_breach("no path from the root");
}

TEST_F(BrokenTree, IsFoundWhenAFileIsTooLong) {
  std::string text;
  for (int i = 0; i < kMaxLines; ++i) text += "\n";
  write("bench/a.py", text);
  EXPECT_TRUE(Inspection{dir_.path()}.breaches().empty());
  write("bench/a.py", text + "\n");
  expect_breach("401 lines");
}

TEST_F(BrokenTree, IsFoundWhenALockBetweenProcessesAppears) {
  // Built from two halves, so that a search of the tree for the header finds no test.
  write("worker/a.cpp", std::string{"#include <boost/interprocess/"} + "ipc/message_queue.hpp>\n");
  expect_breach("not among the headers");
  write("worker/a.cpp", std::string{"boost::interprocess::interprocess"} + "_mutex mutex;\n");
  expect_breach("can stay locked");
  write("worker/a.cpp", std::string{"boost::interprocess::named_"} + "semaphore s;\n");
  expect_breach("can stay locked");
}

TEST_F(BrokenTree, IsNotSeenInWhatABenchComparesItselfWith) {
  write("bench/a.cpp", std::string{"#include <boost/interprocess/"} + "ipc/message_queue.hpp>\n");
  EXPECT_TRUE(Inspection{dir_.path()}.breaches().empty());
}

}  // namespace
}  // namespace bulkhead
