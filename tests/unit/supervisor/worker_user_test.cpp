#include "supervisor/worker_user.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr WorkerUser kOther{.uid = 65'534, .gid = 65'534};

uid_t owner_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_uid;
}

TEST(WorkerUserTest, NoNameIsNoOtherUser) {
  const auto user = find_worker_user("");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, 0U);
}

TEST(WorkerUserTest, AUserThatCannotBeUsedIsRefusedWithTheKeyAndTheRemedy) {
  const auto refused = find_worker_user("nobody-of-this-name");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidParams);
  EXPECT_EQ(refused.error().field, "session_processes.worker_user");
  const char* remedy = ::geteuid() == 0 ? "adduser" : "leave it empty";
  EXPECT_NE(refused.error().message.find(remedy), std::string::npos) << refused.error().message;
}

TEST(WorkerUserTest, TheSuperuserIsNoOrdinaryOne) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_FALSE(find_worker_user("root"));
  const auto nobody = find_worker_user("nobody");
  ASSERT_TRUE(nobody) << nobody.error().message;
  EXPECT_NE(nobody->uid, 0U);
  EXPECT_NE(nobody->gid, 0U);
}

TEST(WorkerUserTest, LogsAndCacheAreGivenAwayAndTheRegistryIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const test::TempDir state;
  state.write("logs/detector_worker_camera_a.log", "a line");
  state.write("cache/models/key/model.onnx", "bytes");
  const fs::path secrets = state.write("secrets.db", "a password");
  const fs::path outside = state.write("outside", "ours");
  fs::create_symlink(outside, state.path() / "cache/link");
  ASSERT_TRUE(hand_over(state.path(), kOther));
  for (const char* given : {"logs", "logs/detector_worker_camera_a.log", "cache", "cache/models",
                            "cache/models/key/model.onnx", "cache/link"}) {
    EXPECT_EQ(owner_of(state.path() / given), kOther.uid) << given;
  }
  EXPECT_EQ(owner_of(secrets), 0U);
  EXPECT_EQ(owner_of(outside), 0U) << "a link is not followed";
  EXPECT_EQ(owner_of(state.path()), 0U);
  struct stat status {};
  ASSERT_EQ(::stat(state.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0710U) << "to pass through, not to list";
  EXPECT_EQ(status.st_gid, kOther.gid);
}

TEST(WorkerUserTest, WhatIsTheirsAlreadyIsNotLookedInto) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const test::TempDir state;
  ASSERT_TRUE(hand_over(state.path(), kOther));
  const fs::path later = state.write("logs/main.log", "by the supervisor");
  ASSERT_TRUE(hand_over(state.path(), kOther));
  EXPECT_EQ(owner_of(later), 0U);
}

TEST(WorkerUserTest, WithoutAnotherUserTheStateDirectoryStaysAsItIs) {
  const test::TempDir state;
  ASSERT_TRUE(hand_over(state.path(), WorkerUser{}));
  EXPECT_TRUE(fs::is_empty(state.path()));
}

}  // namespace
}  // namespace bulkhead::supervisor
