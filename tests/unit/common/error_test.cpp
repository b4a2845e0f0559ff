#include "common/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "common/result.hpp"

namespace bulkhead {
namespace {

TEST(ErrorCode, EveryKnownNumberHasANameOfItsOwn) {
  std::set<std::string_view> names;
  int known = 0;
  for (std::uint16_t number = 0; number < 1000; ++number) {
    const ErrorCode code = error_code_from(number);
    if (static_cast<std::uint16_t>(code) != number) continue;
    ++known;
    EXPECT_TRUE(names.insert(name_of(code)).second) << name_of(code);
  }
  EXPECT_EQ(known, 30);
}

TEST(ErrorCode, AnUnknownNumberFromAnotherProcessIsInternal) {
  EXPECT_EQ(error_code_from(9999), ErrorCode::Internal);
  EXPECT_EQ(name_of(error_code_from(UINT16_MAX)), "INTERNAL");
}

TEST(ErrorCode, TryingAgainHelpsAnOfflineCameraButNotAWrongPassword) {
  EXPECT_EQ(persistence_of(ErrorCode::ConnectFailed), Persistence::Transient);
  EXPECT_EQ(persistence_of(ErrorCode::AuthFailed), Persistence::Permanent);
  EXPECT_EQ(persistence_of(ErrorCode::AddressDenied), Persistence::Permanent);
}

TEST(Error, TheTextOfErrnoFollowsWhatWasTried) {
  errno = ENOENT;
  const Error error = errno_error(ErrorCode::Io, "opening the model");
  EXPECT_EQ(error.code, ErrorCode::Io);
  EXPECT_EQ(error.message, "opening the model: No such file or directory");
}

TEST(Result, AskingAFailedOneForItsValueIsABugThatNamesTheFailure) {
  const Result<int> failed = Error{ErrorCode::Timeout, "no frame in 10 s", {}};
  try {
    (void)failed.value();
    FAIL() << "no exception";
  } catch (const std::logic_error& bug) {
    EXPECT_NE(std::string_view{bug.what()}.find("no frame in 10 s"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace bulkhead
