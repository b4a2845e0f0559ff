// Each hostile message that was kept, through the entry points of the fuzzers. A broken promise
// aborts, and a crash names the file that was tried last.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/fuzz/fuzz_target.hpp"

namespace bulkhead::fuzz {
namespace {

namespace fs = std::filesystem;

/// How many there were.
std::size_t try_each(const std::string& folder,
                     const std::function<void(std::span<const std::byte>)>& entry) {
  std::size_t tried = 0;
  for (const auto& file : fs::directory_iterator{fs::path{BULKHEAD_FUZZ_CORPUS} / folder}) {
    std::ifstream stream{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    std::cerr << folder << "/" << file.path().filename().string() << '\n';
    entry(std::as_bytes(std::span{text}));
    ++tried;
  }
  return tried;
}

TEST(FuzzCorpus, EachKeptRequestIsAnsweredOrRefusedWithoutHarm) {
  EXPECT_GT(try_each("request", try_request), 50U);
}

TEST(FuzzCorpus, EachKeptConnectionEndsAndLeavesNothing) {
  EXPECT_GT(try_each("websocket", try_websocket), 30U);
}

TEST(FuzzCorpus, EachKeptRecordIsReadTheSameAgainOrRefused) {
  EXPECT_GT(try_each("record", try_record), 10U);
}

}  // namespace
}  // namespace bulkhead::fuzz
