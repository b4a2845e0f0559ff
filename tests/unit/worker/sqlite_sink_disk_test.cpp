// What the sink does where the disk does not do, and how it says so.

#include "tests/support/sqlite_sink_fixture.hpp"

namespace bulkhead::worker {
namespace {

/// A disk of a few hundred KiB, mounted where this process alone sees it. False: not allowed here.
bool mount_small_disk(const fs::path& at) {
  const uid_t user = ::getuid();
  if (::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=400k") == 0;
}

TEST_F(SqliteSinkTest, AFullDiskIsWaitedForAndNothingIsTorn) {
  sink_.reset();
  if (!mount_small_disk(folder_.path())) GTEST_SKIP() << "nothing can be mounted here";
  make();
  std::vector<SinkRecord> batch;
  Result<> written{};
  Sequence sequence = 0;
  std::size_t kept = 0;
  while (written && sequence < 10'000) {
    kept = sequence;
    batch.clear();
    for (int i = 0; i < 20; ++i) {
      ++sequence;
      batch.push_back(
          detection("hall;1", sequence, now_ + static_cast<std::int64_t>(sequence), {SeenThing{}}));
    }
    written = sink_->write(batch);
  }
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::LimitReached) << written.error().message;
  EXPECT_EQ(persistence_of(written.error().code), Persistence::Transient);
  ASSERT_EQ(::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=40m"), 0);
  const auto opened = sink_->open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(sequences().size(), kept) << "the batch that did not fit left nothing";
  write(batch);
  EXPECT_EQ(sequences().size(), sequence);
  EXPECT_EQ(told_.str().find("aside"), std::string::npos) << told_.str();
  sink_.reset();
  ::umount(folder_.path().c_str());
}

TEST_F(SqliteSinkTest, ADiskThatFailsIsTriedLaterAndNothingIsTorn) {
  write({detection("hall;1", 1, now_, {SeenThing{}})});
  // No file may grow beyond this: the kernel answers a write with EFBIG.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{.rlim_cur = fs::file_size(file().string() + "-wal"),
                     .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::vector<SinkRecord> batch;
  for (Sequence i = 2; i <= 200; ++i) {
    batch.push_back(detection("hall;1", i, now_ + static_cast<std::int64_t>(i), {SeenThing{}}));
  }
  const auto refused = sink_->write(batch);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Io) << refused.error().message;
  ASSERT_TRUE(sink_->open());
  EXPECT_EQ(sequences().size(), 1U);
  write(batch);
  EXPECT_EQ(sequences().size(), 200U);
  EXPECT_EQ(told_.str().find("aside"), std::string::npos) << told_.str();
}

TEST(SqliteErrorTest, WhatTheDatabaseRefusesIsClassifiedOnce) {
  for (const auto& [number, code, persistence] :
       {std::tuple{SQLITE_BUSY_RECOVERY, ErrorCode::Unavailable, Persistence::Transient},
        {SQLITE_LOCKED, ErrorCode::Unavailable, Persistence::Transient},
        {SQLITE_FULL, ErrorCode::LimitReached, Persistence::Transient},
        {SQLITE_IOERR_WRITE, ErrorCode::Io, Persistence::Transient},
        {SQLITE_READONLY_DBMOVED, ErrorCode::Io, Persistence::Transient},
        {SQLITE_CANTOPEN, ErrorCode::Io, Persistence::Transient},
        {SQLITE_CORRUPT_INDEX, ErrorCode::Corrupt, Persistence::Transient},
        {SQLITE_NOTADB, ErrorCode::Corrupt, Persistence::Transient},
        {SQLITE_NOMEM, ErrorCode::OutOfMemory, Persistence::Transient},
        {SQLITE_TOOBIG, ErrorCode::InvalidParams, Persistence::Permanent},
        {SQLITE_CONSTRAINT, ErrorCode::InvalidParams, Persistence::Permanent}}) {
    const Error error = error_of("doing", SQLite::Exception{"why", number});
    EXPECT_EQ(error.code, code) << number;
    EXPECT_EQ(persistence_of(error.code), persistence) << number;
    EXPECT_EQ(error.message.find("doing: why; "), 0U);
  }
}

}  // namespace
}  // namespace bulkhead::worker
