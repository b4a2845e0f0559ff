#include "worker/session_secrets.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/redaction.hpp"

namespace bulkhead::worker {
namespace {

std::string redacted(const std::string& url, const std::string& text) {
  Redactor redactor;
  for (const std::string& secret : session_secrets(RtspUrl::parse(url).value())) {
    redactor.add(secret);
  }
  return redactor.redact(text);
}

TEST(SessionSecretsTest, TheBase64OfBasicAuthenticationIsASecret) {
  // "operator:Tr0ub4dor&3", "operator:ab" and "operator:abc": each length of a last group.
  EXPECT_EQ(redacted("rtsp://operator:Tr0ub4dor%263@cam/1", "Basic b3BlcmF0b3I6VHIwdWI0ZG9yJjM="),
            "Basic ***");
  EXPECT_EQ(redacted("rtsp://operator:ab@cam/1", "Basic b3BlcmF0b3I6YWI="), "Basic ***");
  EXPECT_EQ(redacted("rtsp://operator:abc@cam/1", "Basic b3BlcmF0b3I6YWJj"), "Basic ***");
}

TEST(SessionSecretsTest, UserAndPasswordAreHiddenPlainAndPercentEncoded) {
  const std::string url = "rtsp://operator:p%40ssword@cam/1";
  EXPECT_EQ(redacted(url, "operator p@ssword p%40ssword"), "*** *** ***");
}

TEST(SessionSecretsTest, ASecretInTheQueryIsHidden) {
  EXPECT_EQ(redacted("rtsp://cam/1?channel=1&token=abc123", "tried abc123"), "tried ***");
}

TEST(SessionSecretsTest, AnAddressWithoutCredentialsHidesNothing) {
  EXPECT_TRUE(session_secrets(RtspUrl::parse("file:///clips/a.mp4").value()).empty());
}

}  // namespace
}  // namespace bulkhead::worker
