#include "common/rtsp_session.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

/// The part that is refused; empty: none.
std::string refused(const RtspSession& session) {
  const auto checked = check(session);
  return checked ? std::string{} : checked.error().field;
}

TEST(RtspSession, IsTakenAsCamerasNameIt) {
  EXPECT_EQ(refused({.id = "4F2A01BC", .path = "/live/ch1?subtype=1&user=a"}), "");
  EXPECT_EQ(refused({.id = "tU1ELgBxOxW7CpVE", .path = "/people/"}), "");
  EXPECT_EQ(refused({.id = "a$b-c_d.e+f/g=", .path = ""}), "");
}

TEST(RtspSession, IsRefusedWhereItWouldEndOrDivideAHeader) {
  for (const std::string bad :
       {"", "a\r\nCSeq: 9", "a b", "a\tb", "a;timeout=60", "a\"b", "a\\x0d", "a\x7f", "\xc3\xa4"}) {
    EXPECT_EQ(refused({.id = bad, .path = "/a"}), "id") << bad;
  }
}

TEST(RtspSession, IsRefusedWhereItsPlaceIsAnotherHost) {
  for (const std::string bad : {"rtsp://192.0.2.9/a", "a", "*", "/a RTSP/1.0\r\nX: 1", "/a b"}) {
    EXPECT_EQ(refused({.id = "1", .path = bad}), "path") << bad;
  }
}

TEST(RtspSession, IsTakenAtItsLimitsAndRefusedPastThem) {
  const std::string id(limits::kRtspSessionIdBytes, '7');
  const std::string path = "/" + std::string(limits::kUrlChars - 1, 'p');
  EXPECT_EQ(refused({.id = id, .path = path}), "");
  EXPECT_EQ(refused({.id = id + '7', .path = path}), "id");
  EXPECT_EQ(refused({.id = id, .path = path + 'p'}), "path");
}

}  // namespace
}  // namespace bulkhead
