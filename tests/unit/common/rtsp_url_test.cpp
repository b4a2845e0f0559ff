#include "common/rtsp_url.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

using Texts = std::vector<std::string>;

RtspUrl parsed(std::string_view text) {
  auto url = RtspUrl::parse(text);
  EXPECT_TRUE(url) << text << ": " << url.error().message;
  return url ? *url : RtspUrl{};
}

TEST(RtspUrl, AnAddressFallsIntoItsParts) {
  const RtspUrl url = parsed("rtsp://admin:s3cret@cam-1.lan:8554/stream1?channel=1&subtype=0");
  EXPECT_EQ(url.scheme, "rtsp");
  EXPECT_EQ(url.user, "admin");
  EXPECT_EQ(url.password, "s3cret");
  EXPECT_EQ(url.host, "cam-1.lan");
  EXPECT_EQ(url.port, 8554);
  EXPECT_EQ(url.path, "/stream1?channel=1&subtype=0");
}

TEST(RtspUrl, PrintableFormNeverHoldsThePassword) {
  for (const std::string text : {
           "rtsp://admin:s3cret@cam/path",
           "rtsp://admin:a@s3cret@cam/path",
           "rtsp://admin:%73%33cret@cam/path",
           "rtsp://cam/path?user=admin&password=s3cret&x=1",
           "rtsp://cam/path?PassWord=s3cret",
           "rtsp://cam/path?access_token=s3cret",
           "rtsp://cam/path?pwd=a/s3cret?x#y",
           "rtsp://cam/user=admin&password=s3cret&channel=1",
           "rtsp://cam/user=admin_password=s3cret_channel=1_stream=0.sdp",
           "rtsp://cam?auth=s3cret",
           "rtsp://cam:12/s3cret@x",
           "rtsp://cam/path?key=s3cret;token=s3cret",
       }) {
    const std::string printable = parsed(text).printable();
    EXPECT_EQ(printable.find("s3cret"), std::string::npos) << printable;
    EXPECT_EQ(printable.find("admin"), std::string::npos) << printable;
    EXPECT_NE(printable.find("rtsp://cam"), std::string::npos) << printable;
  }
}

TEST(RtspUrl, PrintableFormKeepsWhatIsNoSecret) {
  EXPECT_EQ(parsed("rtsp://u:p@cam/a?channel=1&monkey=2&password=x&subtype=0").printable(),
            "rtsp://cam/a?channel=1&monkey=2&password=***&subtype=0");
  EXPECT_EQ(parsed("rtsp://cam/user=admin_password=x").printable(),
            "rtsp://cam/user=***_password=***");
}

TEST(RtspUrl, SecretsAreThePasswordAndTheValuesOfSecretKeysDecoded) {
  EXPECT_EQ(parsed("rtsp://u:p%40ss@cam/a?user=bob&token=t%2F1&b=2").secrets(),
            (Texts{"p@ss", "t/1"}));
  EXPECT_EQ(parsed("rtsp://cam/user=admin_password=tlJw").secrets(), (Texts{"tlJw"}));
  EXPECT_EQ(parsed("rtsp://u@cam/a?password=&b=1").secrets(), Texts{});
}

TEST(RtspUrl, TheLocationHasNoUserInformationAndItsQueryUntouched) {
  EXPECT_EQ(parsed("RTSP://u:p@Cam:8554/A?Token=x&y=%20").location(),
            "rtsp://cam:8554/A?Token=x&y=%20");
  EXPECT_EQ(parsed("rtsp://u:p@cam").location(), "rtsp://cam");
  EXPECT_EQ(parsed("rtsps://cam/a").location(), "rtsps://cam:322/a");
}

TEST(RtspUrl, TheLocationReadsBackAsTheSameAddress) {
  for (const std::string_view text :
       {"rtsp://cam/a?b=1", "rtsps://cam", "rtsp://[fe80::1%eth0]:8554/a", "rtsp://cam?x=1",
        "file:///srv/my%20clip%25.mp4", "rtsp://10.0.0.9:1/"}) {
    const RtspUrl url = parsed(text);
    EXPECT_EQ(parsed(url.location()), url) << url.location();
  }
}

TEST(RtspUrl, CredentialsAreDecodedAndSplitAtTheFirstColonAndTheLastAt) {
  const RtspUrl url = parsed("rtsp://us%40er:p:a@s%2Fs#1@cam/");
  EXPECT_EQ(url.user, "us@er");
  EXPECT_EQ(url.password, "p:a@s/s#1");
  EXPECT_EQ(url.host, "cam");
}

TEST(RtspUrl, AUserWithoutPasswordAndAPasswordWithoutUserAreAccepted) {
  EXPECT_EQ(parsed("rtsp://bob@cam/").user, "bob");
  EXPECT_EQ(parsed("rtsp://:pin1@cam/").password, "pin1");
}

TEST(RtspUrl, TheDefaultPortFollowsTheScheme) {
  EXPECT_EQ(parsed("rtsp://cam/").port, 554);
  EXPECT_EQ(parsed("rtsps://cam/").port, 322);
}

TEST(RtspUrl, Ipv6AddressesStandInBrackets) {
  const RtspUrl url = parsed("rtsp://u:p@[2001:DB8::1]:8554/a");
  EXPECT_EQ(url.host, "2001:db8::1");
  EXPECT_EQ(url.printable(), "rtsp://[2001:db8::1]:8554/a");
}

TEST(RtspUrl, AFileIsADecodedAbsolutePath) {
  EXPECT_EQ(parsed("file:///srv/clips/a%20b.mp4").path, "/srv/clips/a b.mp4");
  EXPECT_EQ(parsed("file://localhost/srv/a b.mp4").path, "/srv/a b.mp4");
  EXPECT_EQ(parsed("file:///srv/a b.mp4").printable(), "file:///srv/a%20b.mp4");
}

TEST(RtspUrl, APathIsEmptyOrBeginsWithASlash) {
  EXPECT_EQ(parsed("rtsp://cam").path, "");
  EXPECT_EQ(parsed("rtsp://cam?x=1").path, "/?x=1");
}

TEST(RtspUrl, PortsReachFrom1To65535) {
  EXPECT_EQ(parsed("rtsp://cam:1/").port, 1);
  EXPECT_EQ(parsed("rtsp://cam:65535/").port, 65535);
  for (const auto* text : {"rtsp://cam:0/", "rtsp://cam:65536/", "rtsp://cam:/", "rtsp://cam:x/",
                           "rtsp://cam:-1/", "rtsp://cam:1x/", "rtsp://[::1]8554/"}) {
    EXPECT_FALSE(RtspUrl::parse(text)) << text;
  }
}

TEST(RtspUrl, LengthIsLimited) {
  const std::string head = "rtsp://cam/";
  EXPECT_TRUE(RtspUrl::parse(head + std::string(limits::kUrlChars - head.size(), 'a')));
  EXPECT_FALSE(RtspUrl::parse(head + std::string(limits::kUrlChars - head.size() + 1, 'a')));
}

TEST(RtspUrl, HostsReachTo253Characters) {
  EXPECT_TRUE(RtspUrl::parse("rtsp://" + std::string(253, 'a') + "/"));
  EXPECT_FALSE(RtspUrl::parse("rtsp://" + std::string(254, 'a') + "/"));
}

TEST(RtspUrl, WhatIsNoAddressIsRefused) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv,
                          "cam"sv,
                          "://cam"sv,
                          "rtsp:/cam"sv,
                          "rtsp://"sv,
                          "rtsp:///path"sv,
                          "rtsp://u:p@"sv,
                          "rtsp://u:p@/path"sv,
                          "http://cam/"sv,
                          "rtspt://cam/"sv,
                          "rtsp://ca m/"sv,
                          "rtsp://cam/a b"sv,
                          "rtsp://cam/a\r\nX: y"sv,
                          "rtsp://cam/\0"sv,
                          "rtsp://c\xFFm/"sv,
                          "rtsp://cäm/"sv,
                          "rtsp://[::1/"sv,
                          "rtsp://[zz]/"sv,
                          "rtsp://[::1%]/"sv,
                          "rtsp://-cam/"sv,
                          "rtsp://u:100%@cam/"sv,
                          "rtsp://u:%zz@cam/"sv,
                          "rtsp://u:a%0d%0ab@cam/"sv,
                          "rtsp://%FF:p@cam/"sv,
                          "file://srv/a.mp4"sv,
                          "file://"sv,
                          "file:///a%00b"sv,
                          "file:///a%2"sv}) {
    const auto url = RtspUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::InvalidParams);
  }
}

TEST(RtspUrl, AnIpv4AddressIsWrittenInFourDecimalNumbersOrRefused) {
  EXPECT_TRUE(RtspUrl::parse("rtsp://192.0.2.7/a"));
  EXPECT_TRUE(RtspUrl::parse("rtsp://192.0.2.7.example/a")) << "a name";
  for (const char* host : {"3221225991", "0xc0000207", "192.0.519", "192.519", "0300.0.2.7",
                           "010.0.0.1", "0x7f.1", "1"}) {
    const auto url = RtspUrl::parse("rtsp://" + std::string{host} + "/a");
    ASSERT_FALSE(url) << host;
    EXPECT_NE(url.error().message.find("four numbers, decimal"), std::string::npos);
  }
}

TEST(RtspUrl, ErrorsNeverRepeatAPartThatCouldBeAPassword) {
  for (const auto* text :
       {"rtsp//admin:s3cret@cam", "rtsp://admin:s3cret/x@cam/", "rtsp://admin:12s3cret?x@cam/",
        "rtsp://admin:%s3cret@cam/", "rtsp://a:s3cret@c am/", "rtsp://a:s3cret@cam:s3cret/",
        "admin:s3cret@cam", "rtsp://[s3cret]/", "a-scheme-of-s3cret-length://cam"}) {
    const auto url = RtspUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message.find("s3cret"), std::string::npos) << url.error().message;
  }
}

TEST(RtspUrl, AnUnsupportedSchemeIsNamedWithTheRemedy) {
  EXPECT_EQ(RtspUrl::parse("http://cam/").error().message,
            "scheme \"http\" is not supported; use rtsp, rtsps or file");
}

}  // namespace
}  // namespace bulkhead
