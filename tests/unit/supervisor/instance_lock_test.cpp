#include "supervisor/instance_lock.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

TEST(InstanceLockTest, ASecondSupervisorIsRefusedWithThePidOfTheFirst) {
  const test::TempDir folder;
  const auto first = InstanceLock::acquire(folder.path());
  ASSERT_TRUE(first) << first.error().message;
  const auto second = InstanceLock::acquire(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
  EXPECT_NE(second.error().message.find("pid " + std::to_string(::getpid()) + ")"),
            std::string::npos)
      << second.error().message;
}

TEST(InstanceLockTest, WhenTheFirstIsGoneTheNextMayStartWhateverTheFileSays) {
  const test::TempDir folder;
  folder.write("supervisor.lock", "99999999999999999999999");
  { ASSERT_TRUE(InstanceLock::acquire(folder.path())); }
  EXPECT_TRUE(InstanceLock::acquire(folder.path()));
}

TEST(InstanceLockTest, ALinkInPlaceOfTheFileIsNotFollowed) {
  const test::TempDir folder;
  const auto target = folder.write("elsewhere", "precious");
  std::filesystem::create_symlink(target, folder.path() / "supervisor.lock");
  const auto lock = InstanceLock::acquire(folder.path());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace bulkhead::supervisor
